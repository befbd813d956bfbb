import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { copyCheckout, functionFiles } from '../../../test/support/checkout.ts'
import { signers, startBuilt } from '../../../test/support/start-built.ts'
import { untilTrue } from '../../../test/support/until.ts'
import { bundleFunction } from '../../build/index.ts'
import { type FlameGraph, hottest, toFlameGraph } from '../../protocol/profiles/flame.ts'
import { type CpuProfile, profilerFor, type RecordedProfile } from '../../protocol/profiles/profile.ts'

const NAME = 'burn-time'
const HANDLER = `return { pid: burnTime(Date.now() + 20).length }
})
const kept = []
function burnTime(until) {
  let text = ''
  while (Date.now() < until) text = JSON.stringify([text.length, Math.random()])
  kept.push(new Array(10_000).fill(text))
  return text
}
void (() => {`

let root: string
let remove: () => Promise<void>
let bundle: Awaited<ReturnType<typeof bundleFunction>>
beforeAll(async () => {
  ;({ root, remove } = await copyCheckout(functionFiles(NAME, HANDLER)))
  bundle = await bundleFunction(root, NAME, join(root, 'dist'))
})
afterAll(() => remove())

/** A built function, and requests to it that an operator or somebody else makes. */
async function start(env: Readonly<Record<string, string>> = { EBB_PROFILES: 'true' }) {
  const started = await startBuilt(bundle.file, { env })
  const sign = await signers()
  const operator = await sign.gateway(profilerFor('admin'), NAME)
  const profile = async (query: string, identity?: string) => {
    const headers: Record<string, string> = identity === undefined ? {} : { 'ebb-identity': identity }
    const { status, body } = await started.ask({
      method: 'POST',
      target: `/_/profile?${query}`,
      headers,
      body: undefined,
    })
    return { status, recorded: (status === 200 ? JSON.parse(body) : undefined) as RecordedProfile | undefined }
  }
  const caller = await sign.gateway({ sub: 'ann', scopes: ['profile'] }, NAME)
  const call = () =>
    started.ask({ method: 'GET', target: `/v1/${NAME}`, headers: { 'ebb-identity': caller }, body: undefined })
  /** Calls it until the promise ends. */
  const during = async <Value>(promise: Promise<Value>): Promise<Value> => {
    let isOver = false
    const ended = promise.finally(() => {
      isOver = true
    })
    while (!isOver) await call()
    return ended
  }
  return { ...started, sign, operator, caller, profile, call, during }
}

const totalOf = ({ flame }: FlameGraph): number => {
  const sum = (one: FlameGraph['flame']): number => one.children.reduce((all, child) => all + sum(child), one.self)
  return sum(flame)
}

it('what takes the time of a live instance is told by its source, and what it allocates', async () => {
  await using fn = await start()
  const { status, recorded } = await fn.during(fn.profile('kind=cpu&seconds=1', fn.operator))
  expect([status, recorded?.kind]).toEqual([200, 'cpu'])
  const graph = toFlameGraph(recorded!)
  // On a busy machine the recording itself may take longer than what it records.
  const places = hottest(graph, 5).map(({ place }) => place.replace(/:\d+$/, ''))
  expect(places).toContain(`${root}/functions/${NAME}/handler.ts`)
  expect(graph.total).toBeGreaterThan(0)
  expect(totalOf(graph)).toBeCloseTo(graph.total, 6)
  // As DevTools wants it: each sample is of a node.
  const { nodes, samples = [], timeDeltas } = recorded!.profile as CpuProfile
  const ids = new Set(nodes.map(({ id }) => id))
  expect(samples.filter((id) => !ids.has(id))).toEqual([])
  expect(timeDeltas).toHaveLength(samples.length)

  const heap = await fn.during(fn.profile('kind=heap&seconds=1', fn.operator))
  const kept = toFlameGraph(heap.recorded!)
  expect([heap.status, kept.unit]).toEqual([200, 'bytes'])
  expect(
    hottest(kept, 3)
      .map(({ place }) => place)
      .join(),
  ).toContain(`functions/${NAME}/handler.ts`)
})

it('403 for everybody but an operator, whom only the gateway can vouch for', async () => {
  await using fn = await start()
  const relay = await fn.sign.relay(profilerFor('admin'), NAME)
  const another = await fn.sign.gateway(profilerFor('admin'), 'another-function')
  for (const identity of [undefined, 'x', fn.caller, relay, another])
    expect((await fn.profile('kind=cpu&seconds=1', identity)).status).toBe(403)
})

it('404 where nobody has allowed it, which is the default', async () => {
  await using fn = await start({})
  expect((await fn.profile('kind=cpu&seconds=1', fn.operator)).status).toBe(404)
})

it('409 while one is recorded; an operator who has gone ends it', async () => {
  await using fn = await start()
  const gone = new AbortController()
  const url = `http://127.0.0.1:${await fn.listening}/_/profile?kind=cpu&seconds=30`
  const first = fetch(url, { method: 'POST', headers: { 'ebb-identity': fn.operator }, signal: gone.signal })
  const isRunning = async () => (await fn.profile('kind=cpu&seconds=1', fn.operator)).status === 409
  await untilTrue(isRunning)
  gone.abort()
  await expect(first).rejects.toThrow()
  await untilTrue(async () => (await fn.profile('kind=cpu&seconds=1', fn.operator)).status === 200)
})

it('none of it is in the bundle that each start loads', async () => {
  const folder = join(root, 'dist')
  const texts = await Promise.all(
    (await readdir(folder))
      .filter((file) => file.endsWith('.cjs'))
      .map(async (file) => [file, await readFile(join(folder, file), 'utf8')] as const),
  )
  const holders = texts.filter(([, text]) => text.includes('Profiler.')).map(([file]) => file)
  expect(holders).toEqual([basename(bundle.parts['ebb:profile']?.file ?? '')])
})

it('a flame graph is bounded, and nothing of the total is lost', () => {
  const frame = (functionName: string) => ({ functionName, url: '', lineNumber: 0, columnNumber: 0 })
  const nodes = Array.from({ length: 5_000 }, (_, i) => ({
    ...{ id: i + 1, callFrame: frame(i === 0 ? '(root)' : i === 1 ? '(idle)' : `f${i}`) },
    children: i === 0 ? Array.from({ length: 2_999 }, (_, n) => n + 2) : i >= 3_000 && i < 4_999 ? [i + 2] : [],
  }))
  const profile = {
    nodes,
    startTime: 0,
    endTime: 1,
    samples: nodes.map(({ id }) => id),
    timeDeltas: nodes.map(() => 1_000),
  }
  const graph = toFlameGraph({ kind: 'cpu', profile })
  const count = (flame: FlameGraph['flame']): number => flame.children.reduce((all, child) => all + count(child), 1)
  expect(count(graph.flame)).toBeLessThan(3_000)
  expect(totalOf(graph)).toBeCloseTo(graph.total, 6)
})
