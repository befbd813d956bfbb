import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { filesBelow } from '../files-below.ts'
import { runInProject } from '../run-in-project.ts'
import { mergeManifests } from './merge-manifests.ts'
import { ORIGIN } from './origin.ts'

/** Three versions of a tree, each a folder, and what they are called in a conflict. */
export interface Trees {
  /** What `ours` was made from. */
  readonly base: string
  readonly ours: string
  readonly theirs: string
  readonly baseName: string
  readonly theirName: string
}

/** What came of a merge. */
export interface MergeResult {
  /** The files with a patch that was kept. */
  readonly patched: readonly string[]
  /** The files with conflict markers in them. */
  readonly conflicts: readonly string[]
  /** A sentence for each thing that a person has to look at, conflicts included. */
  readonly sentences: readonly string[]
}

/** Merges three trees file by file into the folder `merged`, as git merges files. */
export async function mergeTrees(project: string, trees: Trees, merged: string): Promise<MergeResult> {
  const all = await Promise.all([trees.base, trees.ours, trees.theirs].map(filesBelow))
  const files = [...new Set(all.flat())].filter((file) => file !== ORIGIN).sort()
  const result = { patched: [] as string[], conflicts: [] as string[], sentences: [] as string[] }
  for (const file of files) {
    const outcome = await mergeFile(project, file, trees, merged)
    if (outcome.isPatched) result.patched.push(file)
    if (outcome.hasMarkers) result.conflicts.push(file)
    result.sentences.push(...(outcome.sentences ?? []))
  }
  return result
}

interface Outcome {
  readonly isPatched?: boolean
  readonly hasMarkers?: boolean
  readonly sentences?: readonly string[]
}

async function mergeFile(project: string, file: string, trees: Trees, merged: string): Promise<Outcome> {
  const target = join(merged, file)
  const paths = { base: join(trees.base, file), ours: join(trees.ours, file), theirs: join(trees.theirs, file) }
  const [base, ours, theirs] = await Promise.all([paths.base, paths.ours, paths.theirs].map(readIfThere))
  const write = async (from: string) => {
    await mkdir(dirname(target), { recursive: true })
    await copyFile(from, target)
  }
  if (isSame(ours, base) || isSame(ours, theirs)) {
    if (theirs) await write(paths.theirs)
    return {}
  }
  if (ours) await write(paths.ours)
  const { theirName } = trees
  if (isSame(theirs, base)) return { isPatched: true }
  if (!ours)
    return { isPatched: true, sentences: [`${file} is deleted here, and ${theirName} changes it: it stays deleted`] }
  if (!theirs) {
    const sentence = `${file} is patched here, and ${theirName} has no such file: it stays; move the patch to where it belongs now`
    return { isPatched: true, sentences: [sentence] }
  }
  if (file === 'package.json') {
    const { text, sentences } = mergeManifests(base, ours, theirs, theirName)
    await writeFile(target, text)
    return { isPatched: true, sentences }
  }
  // A file that both have added is merged with nothing as what they came from.
  const nothing = `${merged}.empty`
  if (!base) await writeFile(nothing, '')
  return mergeTexts(project, file, { ...paths, base: base ? paths.base : nothing }, trees, target)
}

type Paths = Readonly<Record<'base' | 'ours' | 'theirs', string>>

/** `git merge-file` ends with the number of conflicts, and with 255 for what is no text. */
async function mergeTexts(project: string, file: string, paths: Paths, trees: Trees, target: string): Promise<Outcome> {
  const names = ['yours', trees.baseName, trees.theirName].flatMap((name) => ['-L', name])
  const args = ['merge-file', '--diff3', ...names, target, paths.base, paths.theirs]
  const { code, stderr } = await runInProject(project, 'git', args)
  if (code === 0) return { isPatched: true }
  if (code === null || code > 127) {
    const sentence = `${file} is patched here and changed by ${trees.theirName}, and git cannot merge it (${stderr.trim()}): yours stays`
    return { isPatched: true, sentences: [sentence] }
  }
  const places = code === 1 ? 'one place' : `${code} places`
  const sentence = `${file} has a conflict: your patch and ${trees.theirName} change the same lines in ${places}`
  return { isPatched: true, hasMarkers: true, sentences: [sentence] }
}

/** The files of a tree that differ from its base: what a person has made of it. */
export async function findPatches(base: string, ours: string): Promise<readonly string[]> {
  const all = await Promise.all([base, ours].map(filesBelow))
  const found: string[] = []
  for (const file of [...new Set(all.flat())].filter((name) => name !== ORIGIN).sort()) {
    const [before, after] = await Promise.all([base, ours].map((folder) => readIfThere(join(folder, file))))
    if (!isSame(before, after)) found.push(`${file} (${before ? (after ? 'patched' : 'deleted') : 'added'})`)
  }
  return found
}

/** Whether a text still has the markers of a conflict. */
export const hasMarkers = (text: string): boolean => /^(<{7}|>{7}) /m.test(text)

const readIfThere = (file: string): Promise<Buffer | undefined> =>
  readFile(file).catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error
    return undefined
  })

const isSame = (one: Buffer | undefined, other: Buffer | undefined): boolean =>
  one === undefined || other === undefined ? one === other : one.equals(other)
