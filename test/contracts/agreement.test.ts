import { expect, it } from '@jest/globals'
import { createClient } from 'ebb/client'
import { endpoint, event, subscriber } from 'ebb/contract'
import { postgres } from 'ebb/data'
import { type Implementation, implement } from 'ebb/http'
import fc from 'fast-check'
import type * as z from 'zod'
import { contractSet } from '../../src/contract/index.ts'
import { startMock } from '../../src/dev/mock/start-mock.ts'
import { type Kind, seeds, shown } from './kind.ts'
import { kinds } from './kinds.ts'
import { type AcceptsValue, documented, retryWhileBusy, startParts } from './parts.ts'

/**
 * Contracts over all of zod's kinds, and values from inside, at and beyond their limits: gateway, function, subscriber, mock,
 * typed client, the database's text and the published document take and refuse the same, and read the same value, in both
 * directions. Where the document has no words for a rule (docs/contracts.md), it may take what is refused, never the other way.
 */
const VALUES = 50
const CONTRACTS = 4
const MOCKED = 3

const parts = startParts()
const common = {
  summary: 'Takes or gives a thing.',
  method: 'POST',
  access: { anonymous: true },
  timeoutMs: 60_000,
} as const

/** What the handlers have taken, and what they give. */
const handlers = { taken: undefined as unknown, given: undefined as unknown, heard: undefined as unknown }

/** An endpoint that takes it, one that gives it, and where it may be in an event, a subscriber that hears of it. */
function contractsOf({ schema }: Kind) {
  const take = endpoint({ ...common, name: 'take', path: '/v1/take', body: schema, reply: { status: 204 } })
  const made = eventOf(schema)
  const emits = made ? { emits: { 'thing.made': made } } : {}
  const give = endpoint({ ...common, name: 'give', path: '/v1/give', reply: { status: 200, body: schema }, ...emits })
  const hear = made && subscriber({ name: 'hear', summary: 'Hears of it.', on: made })
  return { take, give, hear }
}

type Contracts = ReturnType<typeof contractsOf>

const allOf = ({ take, give, hear }: Contracts) => ({ take, give, ...(hear ? { hear } : {}) })

function eventOf(data: z.ZodType) {
  try {
    return event({ type: 'thing.made', data })
  } catch {
    return undefined
  }
}

function functionsOf({ take, give, hear }: Contracts): Readonly<Record<string, Implementation>> {
  const functions = {
    take: implement(take, { sql: postgres }, async ({ body }) => {
      handlers.taken = body
    }),
    give: implement(give, { sql: postgres }, async (_, { emit }) => {
      if (hear) await emit('thing.made' as never, handlers.given as never)
      return handlers.given as never
    }),
    ...(hear
      ? {
          hear: implement(hear, { sql: postgres }, async ({ data }) => {
            handlers.heard = data
          }),
        }
      : {}),
  }
  // Each handler was checked against its own contract.
  return functions as unknown as Readonly<Record<string, Implementation>>
}

const ask = async (...call: Parameters<typeof parts.ask>) =>
  (await retryWhileBusy(async () => ({ status: await parts.ask(...call) }))).status

const wire = (value: unknown): unknown => JSON.parse(JSON.stringify(value))
let pairs = 0

async function agree(kind: Kind, values: readonly unknown[]) {
  const contracts = contractsOf(kind)
  const document = documented(Object.values(allOf(contracts)))
  const saidIn = document.at('paths', '/v1/take', 'post', 'requestBody', 'content', 'application/json', 'schema')
  const saidOut = document.at('paths', '/v1/give', 'post', 'responses', '200', 'content', 'application/json', 'schema')
  parts.serve({ set: contractSet(allOf(contracts), {}), functions: functionsOf(contracts) })
  const { take, give, hear } = contracts
  const client = createClient({ take, give }, { baseUrl: parts.urls.gateway, timeoutMs: 120_000 })
  const { isLoose = false, isChanged = false, isConverted = false, isCaught = false } = kind

  const agreeOn = async (value: unknown) => {
    const body = JSON.stringify(value)
    const { status: taken } = await retryWhileBusy(() => client.take({ body: value }))
    expect([204, 400]).toContain(taken)
    if (saidIn(value) !== (taken === 204))
      expect({ taken, value, isLoose }).toMatchObject({ taken: 400, isLoose: true })
    // The function believes no gateway.
    if (taken === 400) expect(await ask('take/v1/take', { body })).toBe(400)
    if (taken === 204 && !isChanged) expect(handlers.taken).toEqual(value)

    // What was caught on its way in may be stripped on its way out; what became of it goes out as it is.
    handlers.given = taken === 204 && isCaught && !isConverted ? handlers.taken : value
    const given = await retryWhileBusy(() => client.give())
    expect([200, 500]).toContain(given.status)
    if (taken === 204) {
      expect(given).toMatchObject({
        status: 200,
        ...(isCaught && isConverted ? {} : { data: wire(handlers.taken) }),
      })
    }
    if (saidOut(value) && !isLoose && !isChanged) expect(given).toMatchObject({ status: 200, data: value })
    if (given.ok) expect({ reply: given.data, fits: saidOut(given.data) }).toMatchObject({ fits: true })

    const events = await parts.takeEvents()
    expect(events.map((data) => JSON.parse(data))).toEqual(given.ok && hear ? [given.data] : [])
    for (const data of events) {
      const attributes = { specversion: '1.0', id: crypto.randomUUID(), source: '/give', type: 'thing.made' }
      const headers = Object.fromEntries(Object.entries(attributes).map(([name, text]) => [`ce-${name}`, text]))
      expect(await ask('hear/', { body: data, headers: { ...headers, 'ebb-identity': 'relay' } })).toBe(204)
      expect(wire(handlers.heard)).toEqual(JSON.parse(data))
    }
  }

  // What a round before has left behind says nothing about this one.
  await parts.takeEvents()
  for (const value of values) {
    pairs++
    await agreeOn(value).catch((cause) => {
      throw new Error(`not alike: ${JSON.stringify(value)}`, { cause })
    })
  }
  await agreeWithMock(contracts, {
    values: values.slice(0, MOCKED),
    saidOut,
    status: async (body) => (await retryWhileBusy(() => client.take({ body }))).status,
  })
}

interface Ebb {
  readonly values: readonly unknown[]
  readonly saidOut: AcceptsValue
  readonly status: (value: unknown) => Promise<number | undefined>
}

/** The mock takes and refuses as Ebb does, and gives what the document says, or says that it cannot make it up. */
async function agreeWithMock(contracts: Contracts, { values, saidOut, status }: Ebb) {
  const { take, give } = contracts
  const mock = await startMock(allOf(contracts), { port: 0, seed: '1' })
  try {
    const mocked = createClient({ take, give }, { baseUrl: mock.url, key: 'any', timeoutMs: 120_000 })
    for (const body of values)
      expect((await retryWhileBusy(() => mocked.take({ body }))).status).toBe(await status(body))
    const made = await retryWhileBusy(() => mocked.give())
    if (made.ok) expect({ made: made.data, fits: saidOut(made.data) }).toMatchObject({ fits: true })
    else expect(made.status).toBe(501)
  } finally {
    await mock.stop()
  }
}

const pairsOf = kinds.chain((kind) =>
  fc.tuple(fc.constant(shown(kind)), fc.array(kind.values.map(wire), { minLength: VALUES, maxLength: VALUES })),
)

it.each(seeds)('all read contracts and values alike: EBB_SEED=%i', async (seed) => {
  pairs = 0
  const property = fc.asyncProperty(pairsOf, ([kind, values]) => agree(kind, values))
  await fc.assert(property, { numRuns: CONTRACTS, seed, endOnFailure: true })
  expect(pairs).toBe(CONTRACTS * VALUES)
})
