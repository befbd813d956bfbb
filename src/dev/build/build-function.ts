import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { AnyContract } from '../../contract/index.ts'
import { bundleFunction, NODE_FLAGS } from '../../deploy/index.ts'
import { warmUp } from '../warm-up/warm-up.ts'

export interface Built {
  /** Of what can be loaded: without source maps and caches. */
  readonly bytes: number
  readonly cacheBytes: number
}

/** Builds what a function's image holds: the bundle and its parts, `start.cjs`, and their code caches after a warm-up. */
export async function buildFunction(root: string, contract: AnyContract, folder: string): Promise<Built> {
  const { file } = await bundleFunction(root, contract.name, folder, { start: 'start.cjs' })
  await warmUp(file, contract, { nodeFlags: NODE_FLAGS })
  return measure(folder)
}

export async function measure(folder: string): Promise<Built> {
  const sizes = { bytes: 0, cacheBytes: 0 }
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name.endsWith('.map')) continue
    const { size } = await stat(join(entry.parentPath, entry.name))
    sizes[entry.name.endsWith('.cache') ? 'cacheBytes' : 'bytes'] += size
  }
  return sizes
}
