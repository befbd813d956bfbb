import { symlink } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { run } from './projects.ts'
import type { Release } from './releases.ts'

/** Packs a release as its own commit packs itself, with this checkout's compiler; returns the path of the file. */
export async function packRelease({ version, commit = '' }: Release, folder: string): Promise<string> {
  const checkout = join(folder, 'release')
  await run(folder, 'git', ['clone', '--quiet', resolve('.'), checkout])
  await run(checkout, 'git', ['checkout', '--quiet', commit])
  await symlink(resolve('node_modules'), join(checkout, 'node_modules'))
  await run(checkout, process.execPath, ['release/pack.ts', '--out', join(folder, 'packed-release')])
  return join(folder, 'packed-release', `ebb-${version}.tgz`)
}
