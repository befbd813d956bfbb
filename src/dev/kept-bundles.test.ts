import { mkdir, mkdtemp, readdir, rename, rm, utimes, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { openKeptBundles } from './kept-bundles.ts'

const LONG_AGO = new Date('2026-01-01T00:00:00Z')
const BUNDLES = '.ebb/bundles'

let folder = ''
let project = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-kept-'))
  project = join(folder, 'first')
  for (const path of ['functions/a', 'domain', BUNDLES]) await mkdir(join(project, path), { recursive: true })
  await write('functions/a/handler.ts', 'one')
  await write('package.json', '{}')
})
afterEach(() => rm(folder, { recursive: true, force: true }))

async function write(file: string, text: string, at = LONG_AGO) {
  await writeFile(join(project, file), text)
  await utimes(join(project, file), at, at)
}
const open = () => openKeptBundles(project, join(project, BUNDLES))

/** A run that builds `a`, and what is kept of it then. */
async function build(options: { readonly startedAt?: number; readonly key?: string } = {}) {
  const file = join(project, BUNDLES, 'a-1.cjs')
  const kept = await open()
  for (const name of ['a-1.cjs', 'a-1.cjs.map', 'a-1.cjs.cache', 'a-0.cjs']) await write(join(BUNDLES, name), 'code')
  const inputs = new Set([join(project, 'functions/a/handler.ts'), join(project, '<stdin>')])
  const bundle = { file, revision: '1', inputs }
  kept.keep('a', { startedAt: Date.now(), ...options, bundle, files: [file] })
  await kept.settled()
  return bundle
}

it('finds a bundle of an earlier run, once: what is asked for later may have been built since', async () => {
  expect((await open()).find('a')).toBeUndefined()
  const bundle = await build()
  const kept = await open()
  expect(kept.find('a')).toEqual(bundle)
  expect(kept.find('a')).toBeUndefined()
})

it('keeps its source map and code caches, and removes what an earlier save has left', async () => {
  await build()
  await open()
  expect((await readdir(join(project, BUNDLES))).sort()).toEqual([
    'a-1.cjs',
    'a-1.cjs.cache',
    'a-1.cjs.map',
    'a.kept.json',
  ])
})

it('finds it where the project was moved', async () => {
  const { revision } = await build()
  const moved = join(folder, 'second')
  await rename(project, moved)
  const kept = await openKeptBundles(moved, join(moved, BUNDLES))
  const inputs = new Set([join(moved, 'functions/a/handler.ts'), join(moved, '<stdin>')])
  expect(kept.find('a')).toEqual({ file: join(moved, BUNDLES, 'a-1.cjs'), revision, inputs })
})

const changes: readonly (readonly [string, () => Promise<void>])[] = [
  ['a source has another text', () => write('functions/a/handler.ts', 'other')],
  ['a source was saved again', () => write('functions/a/handler.ts', 'two', new Date('2026-01-02T00:00:00Z'))],
  ['a source is gone', () => rm(join(project, 'functions/a/handler.ts'))],
  ['packages were installed', () => write('package.json', '{"dependencies":{}}')],
  ['there is a policy now', async () => void (await mkdir(join(project, 'domain/policy')))],
  ['there is a file now that all bundles read', () => write('domain/api.ts', 'api')],
  ['the bundle is gone', () => rm(join(project, BUNDLES, 'a-1.cjs'))],
  ['the bundle was cut off', () => write(`${BUNDLES}/a-1.cjs`, '')],
  ['its record was cut off', () => write(`${BUNDLES}/a.kept.json`, '{"name":"a","stam')],
]
it.each(changes)('builds again where %s', async (_, change) => {
  await build()
  await change()
  expect((await open()).find('a')).toBeUndefined()
  expect(await readdir(join(project, BUNDLES))).toEqual([])
})

it('keeps nothing whose source was saved while it was built', async () => {
  await build({ startedAt: LONG_AGO.getTime() - 1 })
  expect((await open()).find('a')).toBeUndefined()
})

it('builds again what was built with another key', async () => {
  await build({ key: 'a' })
  expect((await open()).find('a', 'a,b')).toBeUndefined()
  expect((await open()).find('a', 'a')).toBeDefined()
})
