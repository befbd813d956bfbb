import { readFile, rm } from 'node:fs/promises'
import { join } from 'node:path'
import { ConfigError } from '../../kernel/index.ts'
import { OWNED, replaceOwned, workFolder } from '../checkpoint.ts'
import { hasMarkers, type MergeResult, mergeTrees } from '../own/merge-trees.ts'
import { sourceOf, writeOrigin } from '../own/origin.ts'
import { unpackPlatform } from '../packed-platform.ts'
import type { PlannedUpgrade } from './plan-upgrade.ts'

/**
 * Merges the next version into an owned platform, from the version that it was taken from: patches stay. Does nothing where the
 * project has none. All of it is merged before anything is replaced.
 */
export async function mergeOwned(project: string, planned: PlannedUpgrade): Promise<Omit<MergeResult, 'patched'>> {
  const { owned, platform } = planned
  if (!owned) return { conflicts: [], sentences: [] }
  const { before, after } = owned
  const work = workFolder(project)
  const base = await unpackPlatform(project, sourceOf(project, before), join(work, 'base'))
  const [merged, theirs] = [join(work, 'merged'), join(platform.folder, 'source')]
  await rm(merged, { recursive: true, force: true })
  const trees = {
    ...{ base: join(base.folder, 'source'), ours: join(project, OWNED), theirs },
    ...{ baseName: `Ebb ${before.version}`, theirName: `Ebb ${after.version}` },
  }
  const { patched, conflicts, sentences } = await mergeTrees(project, trees, merged)
  await writeOrigin(merged, after)
  await replaceOwned(project, merged)
  const count = patched.length === 1 ? '1 patched file is' : `${patched.length} patched files are`
  const kept = patched.length === 0 ? [] : [`${OWNED}: ${count} merged: ${patched.join(', ')}`]
  return {
    conflicts: conflicts.map((file) => `${OWNED}/${file}`),
    sentences: [...kept, ...sentences.map((sentence) => `${OWNED}/${sentence}`)],
  }
}

/** Throws a ConfigError with a sentence for each of these files that has a conflict still. */
export async function assertResolved(project: string, files: readonly string[]): Promise<void> {
  const open: string[] = []
  for (const file of files) {
    const text = await readFile(join(project, file), 'utf8').catch(() => '')
    if (hasMarkers(text)) open.push(`${file} still has the markers of a conflict`)
  }
  if (open.length > 0) throw new ConfigError(open.join('\n'))
}
