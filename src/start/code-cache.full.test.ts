import { mkdir, mkdtemp, readdir, readFile, rename, rm, stat, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { endpoint } from 'ebb/contract'
import * as z from 'zod'
import { copyCheckout, functionFiles } from '../../test/support/checkout.ts'
import { signers, startBuilt } from '../../test/support/start-built.ts'
import { bundleFunction, type FunctionBundle } from '../build/bundle-function.ts'
import { NODE_FLAGS } from '../build/index.ts'
import { warmUp } from '../build/warm-up/warm-up.ts'
import { cacheBytes, cacheFile } from './code-cache.ts'

const NAME = 'count-sheep'
const IGNORED = 'a code cache that does not fit is ignored'
/** What functionFiles writes. */
const contract = endpoint({
  ...{ name: NAME, summary: 'A test.', method: 'GET', path: `/v1/${NAME}`, access: { anonymous: true } },
  reply: { status: 200, body: z.object({ pid: z.number() }) },
})

let folder: string
let bundle: FunctionBundle
/** Of the same length, with another response. */
let other: FunctionBundle
let main: string
let whole: Buffer
let names: readonly string[]

async function build(pid: number | string, name: string) {
  const { root, remove } = await copyCheckout(functionFiles(NAME, `return { pid: ${pid} }`))
  return bundleFunction(root, NAME, folder, { start: name }).finally(remove)
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-code-cache-'))
  bundle = await build(1, 'start.cjs')
  other = await build(2, 'other.cjs')
  main = bundle.parts.main?.file ?? ''
  await warmUp(bundle.file, contract, { nodeFlags: NODE_FLAGS })
  whole = await readFile(cacheFile(main))
  names = await readdir(folder)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

beforeEach(async () => {
  for (const name of await readdir(folder)) {
    if (!names.includes(name)) await rm(join(folder, name), { recursive: true })
  }
  await rm(cacheFile(main), { recursive: true, force: true })
  await writeFile(cacheFile(main), whole)
})

/** Starts it, asks it once and ends it. */
async function run({ file }: FunctionBundle, ...nodeArgs: readonly string[]) {
  const token = await (await signers()).gateway({ sub: 'anonymous', scopes: [] }, NAME)
  await using started = await startBuilt(file, { nodeArgs })
  const request = { method: 'GET', target: `/v1/${NAME}`, headers: { 'ebb-identity': token }, body: undefined }
  const { status, body } = await started.ask(request)
  const { code, stderr } = await started.end()
  const ignored = started.log().flatMap(({ msg, level, part }) => (msg === IGNORED ? [`${level} ${part}`] : []))
  return { answer: `${status} ${body}`, code, stderr, ignored }
}

const well = { answer: '200 {"pid":1}', code: 0, stderr: '' }
const data = () => whole.subarray(-(whole.length - cacheBytes(main, Buffer.alloc(0)).length))
const write = (bytes: Uint8Array) => writeFile(cacheFile(main), bytes)
const cutTo = (length: number) => () => write(whole.subarray(0, length < 0 ? whole.length + length : length))
const flip = (at: () => number) => () => {
  const bytes = Buffer.from(whole)
  bytes[at()]! ^= 1
  return write(bytes)
}

describe('a code cache', () => {
  it('that fits is used, and nothing is logged', async () => {
    expect(await run(bundle)).toEqual({ ...well, ignored: [] })
    expect(data().length).toBeGreaterThan(100_000)
  })

  it('is not needed', async () => {
    await rm(cacheFile(main))
    expect(await run(bundle)).toEqual({ ...well, ignored: [] })
  })

  it.each<[string, () => Promise<unknown>]>([
    ['is empty', cutTo(0)],
    ['breaks off in its head', cutTo(64)],
    ['breaks off after its head', () => write(cacheBytes(main, Buffer.alloc(0)))],
    ['breaks off in its data', cutTo(100_000)],
    ['lacks its last byte', cutTo(-1)],
    ['has a wrong bit in its name', flip(() => 10)],
    ['has a wrong bit in the middle', flip(() => whole.length / 2)],
    ['has a wrong bit at its end', flip(() => whole.length - 1)],
    ['is noise', () => write(Buffer.alloc(100_000, 'noise'))],
    ['is noise under its own name', () => write(cacheBytes(main, Buffer.alloc(100_000, 'noise')))],
    ['is of another part', async () => write(await readFile(cacheFile(bundle.parts.pino?.file ?? '')))],
    ['cannot be read', () => rm(cacheFile(main)).then(() => mkdir(cacheFile(main)))],
    ['leads nowhere', () => rm(cacheFile(main)).then(() => symlink('nowhere', cacheFile(main)))],
    ['is of another Node', () => rename(cacheFile(main), `${main}.node-v25.0.0-${process.arch}.cache`)],
    ['is of another machine', () => rename(cacheFile(main), `${main}.node-${process.version}-riscv64.cache`)],
  ])('that %s changes nothing, and is logged once', async (_what, damage) => {
    await damage()
    expect(await run(bundle)).toEqual({ ...well, ignored: ['warn main'] })
  })

  it('made with other flags changes nothing, and each part that has one is logged once', async () => {
    expect(await run(bundle, '--no-opt')).toEqual({ ...well, ignored: ['warn main', 'warn pino'] })
  })

  it('of a bundle of the same length is not run in the place of this one', async () => {
    const file = other.parts.main?.file ?? ''
    expect([file === main, (await readFile(file)).length]).toEqual([false, (await readFile(main)).length])
    await writeFile(cacheFile(file), whole)
    expect(await run(other)).toEqual({ ...well, answer: '200 {"pid":2}', ignored: ['warn main'] })
    // It is the name in it by which it is known: V8 itself would have run the old code.
    await writeFile(cacheFile(file), cacheBytes(file, data()))
    expect(await run(other)).toMatchObject({ answer: '200 {"pid":1}', ignored: [] })
  })

  it('is not kept in memory, and neither are the bytes of the part', async () => {
    const weighed = await build('process.memoryUsage().arrayBuffers', 'weighed.cjs')
    const file = weighed.parts.main?.file ?? ''
    await warmUp(weighed.file, contract, { nodeFlags: NODE_FLAGS })
    const { answer, ignored } = await run(weighed)
    const kept = Number(/\d+(?=}$)/.exec(answer))
    const sizes = await Promise.all([stat(file), stat(cacheFile(file))])
    expect([kept > 0, sizes.every(({ size }) => kept < size), ignored]).toEqual([true, true, []])
  })

  it('is beside each part that a function uses', () => {
    const cached = names.filter((name) => name.endsWith('.cache')).map((name) => name.replace(/-\w{12}\.cjs\..*/, ''))
    expect(cached).toContain('main')
    expect(cached).toContain('pino')
    expect(names).toContain(basename(cacheFile(main)))
  })
})
