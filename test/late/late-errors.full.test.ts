import { randomUUID } from 'node:crypto'
import { once } from 'node:events'
import { cp } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { UNCAUGHT_ERROR } from 'ebb/kernel'
import { testDatabase } from 'ebb/testing'
import { bundleFunction } from '../../src/build/index.ts'
import { copyCheckout } from '../support/checkout.ts'
import { signers, startBuilt } from '../support/start-built.ts'
import { untilTrue } from '../support/until.ts'

const NAMES = ['slip', 'slip-read', 'slip-note'] as const
type Name = (typeof NAMES)[number]
const PATHS: Readonly<Record<Name, string>> = { slip: '/v1/slips', 'slip-read': '/v1/read-slips', 'slip-note': '/' }
const OTHERS = 10

const database = testDatabase()
const files = new Map<Name, string>()
let root: string
let remove: () => Promise<void>
beforeAll(async () => {
  ;({ root, remove } = await copyCheckout())
  for (const part of ['domain', 'functions']) await cp(join('test/late', part), join(root, part), { recursive: true })
  for (const name of NAMES) files.set(name, (await bundleFunction(root, name, join(root, 'dist'))).file)
})
afterAll(() => remove())

/** A server that answers no request before it is opened. */
async function openGate() {
  const held: (() => void)[] = []
  let open = false
  const server = createServer((_request, response) => {
    if (open) response.end('{}')
    else held.push(() => response.end('{}'))
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}/`,
    held: () => held.length,
    open: () => {
      open = true
      for (const answer of held.splice(0)) answer()
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections()
      server.close()
    },
  }
}

async function headersFor(name: Name) {
  const { gateway, relay } = await signers()
  const token = await (name === 'slip-note'
    ? relay({ sub: 'relay', scopes: [] }, name)
    : gateway({ sub: 'ada', scopes: [] }, name))
  const event = { 'ce-specversion': '1.0', 'ce-source': '/test', 'ce-type': 'slip.made' }
  return { 'ebb-identity': token, 'content-type': 'application/json', ...(name === 'slip-note' ? event : {}) }
}

/** Makes a slip beside ten other calls, which are answered later, and lets the process end. Answers what became of all. */
async function slipBeside(name: Name, way: string, { left }: { readonly left: boolean }) {
  await using others = await openGate()
  await using own = await openGate()
  await using process = await startBuilt(files.get(name) ?? '', {
    env: { DATABASE_URL: database.url, EBB_POOL_MAX: '20', EBB_MAIL_FOLDER: join(root, 'mail') },
  })
  const headers = await headersFor(name)
  const ask = (input: object) =>
    process.ask({
      ...{ method: 'POST', target: PATHS[name], body: JSON.stringify(input) },
      headers: { ...headers, ...(name === 'slip-note' ? { 'ce-id': randomUUID() } : {}) },
    })
  /** A busy machine may be late with its connections to the database: that is a 503, and nothing is done. */
  const insist = async (input: object) => {
    for (;;) {
      const answer = await ask(input)
      if (answer.status !== 503) return answer
    }
  }
  const waiting = Array.from({ length: OTHERS }, () => insist({ way: 'wait', gate: others.url }))
  const settled = Promise.allSettled(waiting)
  await untilTrue(() => others.held() === OTHERS, { what: 'the others are in flight' })
  const { status } = await insist({ way, gate: own.url })
  own.open()
  // What follows its answer is behind it when later requests have been served; one that leaves need not take them.
  for (let i = 0; i < 3; i++) await ask({ way: 'keeps to the rules', gate: own.url }).catch(() => {})
  others.open()
  const answered = (await settled).map((one) => (one.status === 'fulfilled' ? one.value.status : String(one.reason)))
  const { code, stderr } = await (left ? process.ended : process.end())
  const uncaught = process.log().filter(({ msg }) => msg === UNCAUGHT_ERROR)
  return {
    own: status,
    others: answered,
    left: uncaught.length > 0,
    code,
    stderr,
    errors: uncaught.map(({ err }) => err),
  }
}

const STAYS = { left: false, code: 0 }
const LEAVES = { left: true, code: 1 }

describe('a handler that slips ends no other request', () => {
  it.each<[Name, string, number, { readonly left: boolean; readonly code: number }]>([
    ['slip', 'awaits a statement late', 500, STAYS],
    ['slip-read', 'awaits a statement late', 200, STAYS],
    ['slip', 'awaits a statement never', 500, STAYS],
    ['slip', 'runs a statement after its end', 200, STAYS],
    ['slip-read', 'awaits a snapshot never', 200, STAYS],
    ['slip', 'awaits a call late', 200, STAYS],
    ['slip', 'awaits a call never', 200, STAYS],
    ['slip', 'awaits what it made of a call never', 200, STAYS],
    ['slip', 'awaits the cache never', 200, STAYS],
    ['slip', 'emits what the contract does not say', 500, STAYS],
    ['slip', 'emits after its end', 200, STAYS],
    ['slip-note', 'sends mail after its end', 204, STAYS],
    ['slip', 'throws in a timer', 200, LEAVES],
    ['slip', 'throws in a next tick', 200, LEAVES],
    ['slip', 'has a stream break that nothing listens to', 200, LEAVES],
    ['slip', 'ends the process', 500, STAYS],
    ['slip', 'ends the process in a timer', 200, LEAVES],
    ['slip', 'rejects after its end', 200, LEAVES],
    ['slip', 'awaits a promise of its own late', 200, STAYS],
    ['slip', 'awaits a promise of its own never', 200, LEAVES],
    ['slip', 'throws a text', 500, STAYS],
    ['slip', 'throws nothing', 500, STAYS],
    ['slip', 'rejects with an object', 200, LEAVES],
  ])('%s %s: %i, and ten others are answered', async (name, way, status, end) => {
    const { errors, ...became } = await slipBeside(name, way, end)
    const others = Array.from({ length: OTHERS }, () => (name === 'slip-note' ? 204 : 200))
    expect(became).toEqual({ own: status, others, stderr: '', ...end })
    if (end.left) expect(errors[0]).toMatchObject({ message: expect.stringMatching(/./) })
  })
})
