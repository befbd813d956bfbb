import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { filesBelow } from '../files-below.ts'
import { writeFiles } from '../test-support.ts'
import { findPatches, hasMarkers, mergeTrees } from './merge-trees.ts'

let folder: string
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb merge '))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

type Files = Readonly<Record<string, string>>

async function merge(base: Files, ours: Files, theirs: Files) {
  const trees = { base: join(folder, 'base'), ours: join(folder, 'ours'), theirs: join(folder, 'theirs') }
  await Promise.all([writeFiles(trees.base, base), writeFiles(trees.ours, ours), writeFiles(trees.theirs, theirs)])
  const merged = join(folder, 'merged')
  const result = await mergeTrees(folder, { ...trees, baseName: 'Ebb 1.0.0', theirName: 'Ebb 1.1.0' }, merged)
  const names = await filesBelow(merged)
  const texts = await Promise.all(names.map(async (name) => [name, await readFile(join(merged, name), 'utf8')]))
  return { ...result, files: Object.fromEntries(texts) as Files }
}

const LINES = 'one\ntwo\nthree\nfour\nfive\nsix\nseven\n'
const with1 = LINES.replace('one', 'ONE')
const with7 = LINES.replace('seven', 'SEVEN')
const NOTHING = { patched: [], conflicts: [], sentences: [] }

describe('mergeTrees', () => {
  it('takes what is new, changed and gone in theirs, where nothing is patched', async () => {
    const ours = { 'a.ts': 'a\n', 'gone.ts': 'x\n' }
    expect(await merge(ours, ours, { 'a.ts': 'b\n', 'deep/new.ts': 'y\n' })).toEqual({
      ...NOTHING,
      files: { 'a.ts': 'b\n', 'deep/new.ts': 'y\n' },
    })
  })

  it('keeps a patch, a file that was added and one that was deleted', async () => {
    const base = { 'a.ts': LINES, 'deleted.ts': 'x\n' }
    const result = await merge(base, { 'a.ts': with1, 'added.ts': 'z\n' }, { ...base, 'b.ts': 'b\n' })
    expect(result).toEqual({
      ...NOTHING,
      patched: ['a.ts', 'added.ts', 'deleted.ts'],
      files: { 'a.ts': with1, 'added.ts': 'z\n', 'b.ts': 'b\n' },
    })
  })

  it('merges a patch with a change elsewhere in the file', async () => {
    const result = await merge({ 'a.ts': LINES }, { 'a.ts': with1 }, { 'a.ts': with7 })
    const files = { 'a.ts': LINES.replace('one', 'ONE').replace('seven', 'SEVEN') }
    expect(result).toEqual({ ...NOTHING, patched: ['a.ts'], files })
  })

  it('says nothing of a patch that theirs has, too', async () => {
    expect(await merge({ 'a.ts': LINES }, { 'a.ts': with1 }, { 'a.ts': with1 })).toEqual({
      ...NOTHING,
      files: { 'a.ts': with1 },
    })
  })

  it('marks a conflict, with a sentence a file', async () => {
    const theirs = LINES.replace('one', 'eins')
    const { files, ...result } = await merge({ 'a.ts': LINES }, { 'a.ts': with1 }, { 'a.ts': theirs })
    expect(result).toEqual({
      ...{ patched: ['a.ts'], conflicts: ['a.ts'] },
      sentences: ['a.ts has a conflict: your patch and Ebb 1.1.0 change the same lines in one place'],
    })
    const marked = '<<<<<<< yours\nONE\n||||||| Ebb 1.0.0\none\n=======\neins\n>>>>>>> Ebb 1.1.0\ntwo\n'
    expect(files['a.ts']?.startsWith(marked)).toBe(true)
    expect([hasMarkers(files['a.ts'] ?? ''), hasMarkers(LINES)]).toEqual([true, false])
  })

  it.each<[string, Files, Files, Files, string, Files]>([
    [
      'a deleted file that theirs changes',
      { 'a.ts': LINES },
      {},
      { 'a.ts': with1 },
      'a.ts is deleted here, and Ebb 1.1.0 changes it: it stays deleted',
      {},
    ],
    [
      'a patched file that theirs has no more',
      { 'a.ts': LINES },
      { 'a.ts': with1 },
      {},
      'a.ts is patched here, and Ebb 1.1.0 has no such file: it stays; move the patch to where it belongs now',
      { 'a.ts': with1 },
    ],
    [
      'a patched file that is no text',
      { 'a.png': 'a\0b' },
      { 'a.png': 'a\0c' },
      { 'a.png': 'a\0d' },
      'a.png is patched here and changed by Ebb 1.1.0, and git cannot merge it',
      { 'a.png': 'a\0c' },
    ],
  ])('leaves to a person: %s', async (_what, base, ours, theirs, sentence, files) => {
    const result = await merge(base, ours, theirs)
    expect(result.sentences).toEqual([expect.stringContaining(sentence)])
    expect([result.conflicts, result.files]).toEqual([[], files])
  })

  it('merges files that both have added', async () => {
    const { files, conflicts } = await merge({}, { 'a.ts': 'ours\n' }, { 'a.ts': 'theirs\n' })
    expect(conflicts).toEqual(['a.ts'])
    expect(files['a.ts']).toContain('<<<<<<< yours\nours\n')
  })

  it('merges a package.json value by value, so that versions beside each other are no conflict', async () => {
    const manifest = (dependencies: Files, version = '1.0.0') => ({
      'package.json': JSON.stringify({ name: 'ebb', version, dependencies }),
    })
    const result = await merge(
      manifest({ pg: '8.0.0', zod: '4.0.0', old: '1.0.0', pino: '9.0.0' }),
      manifest({ pg: '8.0.0', zod: '4.0.0', old: '1.0.0', pino: '9.9.9', mine: '1.0.0' }),
      manifest({ pg: '8.1.0', zod: '4.1.0', pino: '10.0.0', new: '1.0.0' }, '1.1.0'),
    )
    expect(JSON.parse(result.files['package.json'] ?? '')).toEqual({
      ...{ name: 'ebb', version: '1.1.0' },
      dependencies: { pg: '8.1.0', zod: '4.1.0', pino: '9.9.9', new: '1.0.0', mine: '1.0.0' },
    })
    expect(result.sentences).toEqual([
      'package.json: dependencies.pino is "9.9.9" here, and Ebb 1.1.0 has "10.0.0": yours stays',
    ])
  })

  it('takes no notice of installed packages', async () => {
    expect(await merge({}, { 'node_modules/x/index.js': '' }, {})).toEqual({ ...NOTHING, files: {} })
  })
})

it('findPatches lists what a person has made of the sources', async () => {
  await writeFiles(join(folder, 'base'), { 'a.ts': 'a', 'b.ts': 'b', 'c.ts': 'c' })
  await writeFiles(join(folder, 'ours'), { 'a.ts': 'a', 'b.ts': 'B', 'd.ts': 'd', '.ebb-origin': '{}' })
  expect(await findPatches(join(folder, 'base'), join(folder, 'ours'))).toEqual([
    ...['b.ts (patched)', 'c.ts (deleted)', 'd.ts (added)'],
  ])
})
