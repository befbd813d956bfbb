import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { OWNED } from '../checkpoint.ts'
import { git } from '../git.ts'
import { compareVersions } from '../versions.ts'
import type { Codemod, CodemodProject } from './codemod.ts'

/** What the codemods did. */
interface CodemodResult {
  /** A line for each file that changed. */
  readonly changes: readonly string[]
  /** A sentence for each thing that they leave to a person. */
  readonly notes: readonly string[]
}

/** Runs the codemods of the versions after `from`, up to `to`, in their order. */
export async function runCodemods(
  project: string,
  codemods: readonly Codemod[],
  { from, to }: { readonly from: string; readonly to: string },
): Promise<CodemodResult> {
  const due = codemods.filter(({ version }) => compareVersions(version, from) > 0 && compareVersions(version, to) <= 0)
  const changes = new Map<string, string[]>()
  const notes: string[] = []
  for (const { summary, apply } of due) {
    const opened = await openProject(project, (file) => {
      changes.set(file, [...(changes.get(file) ?? []), summary])
    })
    notes.push(...(await apply(opened)))
  }
  return { changes: [...changes].map(([file, summaries]) => `${file}: ${[...new Set(summaries)].join('; ')}`), notes }
}

/** The team's own TypeScript: what git knows or would add, without an owned platform. */
async function openProject(project: string, onWrite: (file: string) => void): Promise<CodemodProject> {
  const listed = await git(project, ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'])
  const files = (listed ?? '').split('\0').filter((file) => /\.[cm]?ts$/.test(file) && !file.startsWith(`${OWNED}/`))
  return {
    files,
    read: (file) => readFile(join(project, file), 'utf8').catch(() => ''),
    write: async (file, text) => {
      await writeFile(join(project, file), text)
      onWrite(file)
    },
  }
}
