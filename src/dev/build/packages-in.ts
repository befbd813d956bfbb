import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { Part } from '../../deploy/index.ts'

export interface Package {
  readonly name: string
  readonly version: string
  /** Where it is installed: one that is nested is another copy. */
  readonly folder: string
}

const INSTALLED = /^.*\/node_modules\/((?:@[^/]+\/)?[^/]+)/

/** The packages of whose code something is in a part, copies apart. */
export function packagesIn({ bytesOf }: Pick<Part, 'bytesOf'>): readonly Package[] {
  const found = new Map<string, Package>()
  for (const [file, bytes] of bytesOf) {
    const [folder, name] = bytes > 0 ? (INSTALLED.exec(file) ?? []) : []
    if (!folder || !name || found.has(folder)) continue
    const { version }: { version: string } = JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8'))
    found.set(folder, { name, version, folder })
  }
  return [...found.values()]
}
