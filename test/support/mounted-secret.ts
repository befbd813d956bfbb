import { mkdirSync, mkdtempSync, renameSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/**
 * A folder as the kubelet mounts a Secret: each key is a link through `..data` to a folder of its own, and a change makes a new
 * folder and replaces that one link.
 */
export function mountSecret(values: Readonly<Record<string, string>>) {
  const folder = mkdtempSync(join(tmpdir(), 'ebb-secret-'))
  let version = 0
  const fill = (next: Readonly<Record<string, string>>) => {
    const name = `..version_${version++}`
    mkdirSync(join(folder, name))
    for (const [key, value] of Object.entries(next)) writeFileSync(join(folder, name, key), value)
    symlinkSync(name, join(folder, '..data_tmp'))
    renameSync(join(folder, '..data_tmp'), join(folder, '..data'))
    rmSync(join(folder, `..version_${version - 2}`), { recursive: true, force: true })
  }
  fill(values)
  for (const key of Object.keys(values)) symlinkSync(join('..data', key), join(folder, key))
  return {
    folder,
    file: (key: string) => join(folder, key),
    /** Replaces all values at once. */
    replace: fill,
    remove: () => rmSync(folder, { recursive: true, force: true }),
  }
}
