import { mkdir, readFile, rename, rm } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { HEADER } from '../../deploy/render/index.ts'
import { ConfigError } from '../../kernel/index.ts'
import { workFolder } from '../checkpoint.ts'
import { git } from '../git.ts'
import { renderInstalled } from '../run-installed.ts'

/**
 * Renders a project's files anew, with the options of its own script, and returns a line for what came of it. What an earlier
 * version rendered, and this one does not, goes. Throws a ConfigError, with the files as they were, if rendering fails.
 */
export async function renderAnew(project: string): Promise<readonly string[]> {
  const files = await findRendered(project)
  const aside = join(workFolder(project), 'rendered')
  await rm(aside, { recursive: true, force: true })
  await moveAll(files, project, aside)
  const { code, stderr } = await renderInstalled(project)
  if (code !== 0) {
    await moveAll(files, aside, project)
    throw new ConfigError(`the files cannot be rendered: ${stderr.trim().replace(/^ebb: /, '')}`)
  }
  const result = await describeDifference(project, files, aside)
  await rm(aside, { recursive: true, force: true })
  return result
}

/** The files that are rendered: by their first line, and the copy of the platform's chart, which Helm installs as it is. */
async function findRendered(project: string): Promise<readonly string[]> {
  const listed = await git(project, ['ls-files', '-z', '--cached', '--others', '--exclude-standard', '--deduplicate'])
  const found: string[] = []
  for (const file of (listed ?? '').split('\0').filter((name) => name !== '')) {
    const text = await readIfThere(join(project, file))
    if (text !== undefined && (file.startsWith('charts/ebb/') || text.startsWith(HEADER))) found.push(file)
  }
  return found
}

async function moveAll(files: readonly string[], from: string, to: string): Promise<void> {
  for (const file of files) {
    await mkdir(dirname(join(to, file)), { recursive: true })
    await rename(join(from, file), join(to, file))
  }
}

async function describeDifference(project: string, before: readonly string[], aside: string) {
  const after = await findRendered(project)
  const isChanged = async (file: string) =>
    (await readIfThere(join(project, file))) !== (await readIfThere(join(aside, file)))
  const changed: string[] = []
  for (const file of before.filter((name) => after.includes(name))) if (await isChanged(file)) changed.push(file)
  const lines = {
    changed,
    new: after.filter((file) => !before.includes(file)),
    removed: before.filter((file) => !after.includes(file)),
  }
  return Object.entries(lines).flatMap(([what, files]) => (files.length > 0 ? [`${what}: ${files.join(', ')}`] : []))
}

const readIfThere = (file: string): Promise<string | undefined> =>
  readFile(file, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    return undefined
  })
