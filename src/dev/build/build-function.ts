import { readdir, stat } from 'node:fs/promises'
import { join } from 'node:path'
import type { AnyContract } from '../../contract/index.ts'
import { bundleFunction, NODE_FLAGS } from '../../deploy/index.ts'
import { warmUp } from '../warm-up/warm-up.ts'
import { packagesIn } from './packages-in.ts'
import { BILL_OF_MATERIALS, NOTICES, writeInventory } from './write-inventory.ts'

export interface Built {
  /** Of what can be loaded: without source maps, caches, and what is told of the packages. */
  readonly bytes: number
  readonly cacheBytes: number
}

/** Builds what a function's image holds: the bundle and its parts, `start.cjs`, their code caches after a warm-up, and of what they are made. */
export async function buildFunction(root: string, contract: AnyContract, folder: string): Promise<Built> {
  const { file, parts } = await bundleFunction(root, contract.name, folder, { start: 'start.cjs' })
  await warmUp(file, contract, { nodeFlags: NODE_FLAGS })
  const packages = Object.values(parts).flatMap((part) => packagesIn(part).map((each) => each.folder))
  await writeInventory(contract.name, folder, packages)
  return measure(folder)
}

const NOT_LOADED = new Set([NOTICES, BILL_OF_MATERIALS])

export async function measure(folder: string): Promise<Built> {
  const sizes = { bytes: 0, cacheBytes: 0 }
  for (const entry of await readdir(folder, { recursive: true, withFileTypes: true })) {
    if (!entry.isFile() || entry.name.endsWith('.map') || NOT_LOADED.has(entry.name)) continue
    const { size } = await stat(join(entry.parentPath, entry.name))
    sizes[entry.name.endsWith('.cache') ? 'cacheBytes' : 'bytes'] += size
  }
  return sizes
}
