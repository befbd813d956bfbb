import { expect, it } from '@jest/globals'
import { type ClientOptions, createClient } from 'ebb/client'
import { endpoint } from 'ebb/contract'
import { type Implementation, implement } from 'ebb/http'
import type { Arbitrary } from 'fast-check'
import fc from 'fast-check'
import * as z from 'zod'
import { contractSet } from '../../src/contract/index.ts'
import { startMock } from '../../src/dev/mock/start-mock.ts'
import { headerKinds, queryKinds, segmentKinds } from './carried-kinds.ts'
import { flagsOf, type Kind, seeds, shown } from './kind.ts'
import { documented, retryWhileBusy, startParts } from './parts.ts'

/**
 * What a path, a query and headers carry as text: gateway, function, mock, typed client and the published document take and
 * refuse the same, and read one of the values that the text may be.
 */
const VALUES = 50
const CONTRACTS = 4
const MOCKED = 3

const parts = startParts()
let pairs = 0
const handler = { taken: undefined as unknown }

type Given = Readonly<Record<'params' | 'query' | 'headers', Readonly<Record<string, unknown>>>>

function contractOf({ id, a, b, header }: Kinds) {
  const schemas = {
    params: z.object({ id: id.schema }),
    query: z.object({ a: a.schema, b: b.schema }),
    headers: z.object({ 'x-thing': header.schema }),
  }
  return endpoint({
    ...{ name: 'take', summary: 'Takes a thing.', method: 'GET', path: '/v1/take/{id}', ...schemas },
    ...{ access: { anonymous: true }, timeoutMs: 60_000, reply: { status: 204 } },
  })
}

type Contract = ReturnType<typeof contractOf>

/** Every value that a text may be read as. */
function readings(text: string): readonly unknown[] {
  const isPlain = /^(true|false|-?\d.*)$/.test(text) && !/\s$/.test(text)
  try {
    return isPlain ? [text, JSON.parse(text)] : [text]
  } catch {
    return [text]
  }
}

/** Every value, or list of values, that a name may be read as; a value alone is a list of one, too. */
function readingsOf(value: unknown, isHeader: boolean): readonly unknown[] {
  // In a header nothing is no element.
  if (isHeader && value === '') return ['', []]
  if (!Array.isArray(value)) return readings(String(value)).flatMap((one) => [one, [one]])
  const lists = value.reduce<readonly (readonly unknown[])[]>(
    (lists, one) => readings(String(one)).flatMap((reading) => lists.map((list) => [...list, reading])),
    [[]],
  )
  return value.length === 1 ? [...lists, ...lists.flat()] : lists
}

interface Parameter {
  readonly name: string
  readonly in: string
  readonly required: boolean
}

/** Whether the document takes each parameter of a request. */
function createDocumentCheck(contract: Contract) {
  const document = documented([contract])
  const pointer = ['paths', contract.path, 'get', 'parameters']
  // The document lists the parameters of this contract there.
  const parameters = document.find(...pointer) as readonly Parameter[]
  const accepts = parameters.map((_, i) => document.at(...pointer, String(i), 'schema'))
  return ({ params, query, headers }: Given) =>
    parameters.map(({ name, in: place, required }, i) => {
      const value = { ...params, ...query, ...headers }[name]
      const isTaken =
        value === undefined ? !required : readingsOf(value, place === 'header').some((reading) => accepts[i]?.(reading))
      return { name, isTaken }
    })
}

interface Answer {
  readonly status?: number
  readonly details?: readonly { readonly path: string }[]
}

async function agree(kinds: Kinds, values: readonly Given[]) {
  const contract = contractOf(kinds)
  const checkByDocument = createDocumentCheck(contract)
  const clientOf = (baseUrl: string, options: Pick<ClientOptions, 'key' | 'fetch'> = {}) =>
    // The schemas are known while the test runs, and to no type.
    createClient({ take: contract }, { baseUrl, timeoutMs: 120_000, ...options }) as unknown as {
      take: (given: Given) => Promise<Answer>
    }
  const take = implement(contract, {}, async ({ params, query, headers }) => {
    handler.taken = { params, query, headers }
  })
  // Its handler was checked against its own contract.
  parts.serve({ set: contractSet({ take: contract }, {}), functions: { take: take as unknown as Implementation } })
  const gateway = clientOf(parts.urls.gateway)
  const behind = clientOf(`${parts.urls.functions}/take`, {
    fetch: (url, init) => fetch(url, { ...init, headers: { ...Object(init.headers), 'ebb-identity': 'ann' } }),
  })
  const { isChanged } = flagsOf(Object.values(kinds))
  const looseOf: Readonly<Record<string, boolean | undefined>> = {
    ...{ id: kinds.id.isLoose, a: kinds.a.isLoose, b: kinds.b.isLoose, 'x-thing': kinds.header.isLoose },
  }

  const agreeOn = async (given: Given) => {
    pairs++
    handler.taken = undefined
    const { status, details = [] } = await retryWhileBusy(() => gateway.take(given))
    expect([204, 400]).toContain(status)
    expect(status === 204).toBe(details.length === 0)
    const refused = details.map(({ path }) => path.split('.')[1])
    for (const { name, isTaken } of checkByDocument(given)) {
      if (isTaken === refused.includes(name)) {
        expect({ name, isTaken, isLoose: looseOf[name] ?? false }).toEqual({ name, isTaken: true, isLoose: true })
      }
    }
    if (status === 204 && !isChanged) expectOneReading(handler.taken as Given, given)
    const through = handler.taken
    expect((await retryWhileBusy(() => behind.take(given))).status).toBe(status)
    expect(handler.taken).toEqual(through)
  }

  for (const given of values) {
    await agreeOn(given).catch((cause) => {
      throw new Error(`not alike: ${JSON.stringify(given)}`, { cause })
    })
  }

  const mock = await startMock({ take: contract }, { port: 0, seed: '1' })
  try {
    for (const given of values.slice(0, MOCKED)) {
      const mocked = await retryWhileBusy(() => clientOf(mock.url, { key: 'any' }).take(given))
      expect(mocked.status).toBe((await retryWhileBusy(() => gateway.take(given))).status)
    }
  } finally {
    await mock.stop()
  }
}

function expectOneReading(taken: Given, given: Given) {
  for (const part of ['params', 'query', 'headers'] as const) {
    for (const [name, value] of Object.entries(taken[part])) {
      expect(readingsOf(given[part][name], part === 'headers')).toContainEqual(value)
    }
  }
}

type Kinds = Readonly<Record<'id' | 'a' | 'b' | 'header', Kind>>

const pairsOf = fc
  .record<Kinds>({
    id: segmentKinds.map(shown),
    a: queryKinds.map(shown),
    b: queryKinds.map(shown),
    header: headerKinds.map(shown),
  })
  .chain((kinds): Arbitrary<[Kinds, Given[]]> => {
    const { id, a, b, header } = kinds
    const given = fc.record({
      params: fc.record({ id: id.values }),
      query: fc.record({ a: a.values, b: b.values }),
      headers: fc.record({ 'x-thing': header.values }),
    })
    return fc.tuple(fc.constant(kinds), fc.array(given, { minLength: VALUES, maxLength: VALUES }))
  })

it.each(seeds)('all read the texts of paths, queries and headers alike: EBB_SEED=%i', async (seed) => {
  pairs = 0
  const property = fc.asyncProperty(pairsOf, ([kinds, values]) => agree(kinds, values))
  await fc.assert(property, { numRuns: CONTRACTS, seed, endOnFailure: true })
  expect(pairs).toBe(CONTRACTS * VALUES)
})
