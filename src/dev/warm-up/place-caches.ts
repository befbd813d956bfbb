import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { replaceFile } from '../../deploy/index.ts'
import { cacheBytes, cacheFile } from '../../start/code-cache.ts'

/**
 * Puts the V8 cache data that a preload left in `made` beside the parts in `folder`, where the start file looks for them.
 * Throws where there is none of main, made by the very Node that this process runs on.
 */
export async function placeCaches(made: string, folder: string): Promise<void> {
  const ours = join(made, `${process.version}-${process.arch}`)
  const parts = await readdir(ours).catch(() => [])
  if (!parts.some((part) => part.startsWith('main-')))
    throw new Error(`it left no code cache of main for Node ${process.version} on ${process.arch}`)
  for (const part of parts) {
    const file = join(folder, part)
    await replaceFile(cacheFile(file), cacheBytes(file, await readFile(join(ours, part))))
  }
}
