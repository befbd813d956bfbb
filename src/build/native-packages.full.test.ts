import { execFile } from 'node:child_process'
import { cp, mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, describe, expect, it } from '@jest/globals'
import { copyCheckout } from '../../test/support/checkout.ts'
import { TEST_PROJECT } from '../../test/support/project.ts'
import type { FunctionContract } from '../contract/index.ts'
import { buildFunction } from './build-image.ts'

const NAME = 'send-welcome-email'
const removals: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const remove of removals) await remove()
})

/** Builds a function with this beginning, and moves what its image would hold to where there is nothing else. */
async function build(beginning: string) {
  const path = `functions/${NAME}/handler.ts`
  const source = await readFile(join(TEST_PROJECT, path), 'utf8')
  const { root, remove } = await copyCheckout({ [path]: `${beginning}\n${source}` }, { within: 'here' })
  removals.push(remove)
  const contract: { default: FunctionContract } = await import(join(TEST_PROJECT, 'functions', NAME, 'contract.ts'))
  await buildFunction(root, contract.default, join(root, 'dist'))
  const image = await mkdtemp(join(tmpdir(), 'ebb-native-'))
  removals.push(() => rm(image, { recursive: true }))
  await cp(join(root, 'dist'), image, { recursive: true })
  return { image, files: await readdir(image) }
}

describe('a package with binaries', () => {
  it('lies beside the bundle with all that it needs, works there, and is named in the bill of materials', async () => {
    const { image, files } = await build(`import sharp from 'sharp'\nexport const small = () => sharp('a.png')\n`)
    const main = files.find((file) => /^main-\w+\.cjs$/.test(file)) ?? ''
    expect(await readFile(join(image, main), 'utf8')).toContain('require("sharp")')
    const script = `require('sharp')({ create: { width: 9, height: 9, channels: 3, background: 'teal' } }).webp().toBuffer().then(({ length }) => console.log(length > 20))`
    const { stdout } = await promisify(execFile)(process.execPath, ['--eval', script], { cwd: image, env: {} })
    expect(stdout.trim()).toBe('true')
    const { components } = JSON.parse(await readFile(join(image, 'sbom.cdx.json'), 'utf8'))
    const names: string[] = components.map(({ group = '', name }: { group?: string; name: string }) =>
      basename(`${group}/${name}`),
    )
    expect(names).toEqual(expect.arrayContaining(['sharp', 'detect-libc']))
  })

  it('is in no image that needs none', async () => {
    expect((await build('')).files).not.toContain('node_modules')
  })
})
