import { execFileSync } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { expect, it } from '@jest/globals'
import { readPackedVersion } from './packed-ebb.ts'

/** What npm packs of a package with this name, and a file before and after its package.json. */
async function packPackage(name: string): Promise<Buffer> {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-packed-'))
  try {
    await writeFile(join(folder, 'package.json'), JSON.stringify({ name, version: '1.2.3-rc.1' }))
    for (const file of ['LICENSE', 'z.txt']) await writeFile(join(folder, file), 'x'.repeat(1_000))
    const { filename } = JSON.parse(execFileSync('npm', ['pack', '--json'], { cwd: folder, encoding: 'utf8' }))[0]
    return execFileSync('cat', [join(folder, filename)])
  } finally {
    await rm(folder, { recursive: true })
  }
}

it('reads the version of a packed Ebb', async () => {
  expect(readPackedVersion('ebb.tgz', await packPackage('ebb'))).toBe('1.2.3-rc.1')
})

it('refuses what is none, with the name of the file', async () => {
  const other = await packPackage('not-ebb')
  for (const bytes of [
    other,
    other.subarray(0, 90),
    Buffer.from('text'),
    gzipSync('text'),
    gzipSync(Buffer.alloc(2048)),
  ]) {
    expect(() => readPackedVersion('a.tgz', bytes)).toThrow('a.tgz is no packed Ebb')
  }
})
