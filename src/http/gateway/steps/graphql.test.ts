import { describe, expect, it } from '@jest/globals'
import { serverAudits } from 'graphql-http'
import * as z from 'zod'
import { contractSet, endpoint, graphql } from '../../../contract/index.ts'
import { createOperations } from '../../graphql/operations.ts'
import { testGateway } from '../test-support.ts'

const Thing = z.object({ id: z.uuid(), name: z.string(), parts: z.array(z.string()).max(50) }).meta({ id: 'Thing' })
const anyone = { anonymous: true } as const
const getThing = endpoint({
  ...{
    name: 'get-thing',
    summary: 'Shows a thing.',
    method: 'GET',
    path: '/v1/things/{id}',
    params: Thing.pick({ id: true }),
  },
  ...{ reply: { status: 200, body: Thing }, access: anyone },
})
const listThings = endpoint({
  ...{ name: 'list-things', summary: 'Lists things.', method: 'GET', path: '/v1/things' },
  query: z.object({ limit: z.int().min(1).max(100).default(10) }),
  ...{ reply: { status: 200, body: z.object({ items: z.array(Thing) }) }, access: anyone },
})
const keepThing = endpoint({
  ...{ name: 'keep-thing', summary: 'Keeps a thing.', method: 'PUT', path: '/v1/things/{id}', idempotent: true },
  ...{
    params: Thing.pick({ id: true }),
    body: Thing.pick({ name: true }),
    reply: { status: 200, body: Thing },
    access: { scopes: ['things:keep'] },
  },
})
const shape = {
  ...({ name: 'graphql', summary: 'Things.', path: '/v1/graphql', access: anyone } as const),
  query: { thing: getThing, things: listThings },
  links: { Thing: { like: { to: getThing, by: { id: 'id' } } } },
} as const
const HASH = 'a'.repeat(64)
const persisted = { documents: { [HASH]: '{ things { items { id } } }' }, only: true } as const
const contracts = contractSet(
  {
    graphql: graphql({ ...shape, introspection: true }),
    closed: graphql({ ...shape, name: 'closed', path: '/v1/closed' }),
    'keep-thing': keepThing,
    writing: graphql({ ...shape, name: 'writing', path: '/v1/writing', mutation: { keepThing } }),
    known: graphql({ ...shape, name: 'known', path: '/v1/known', persisted }),
  },
  {},
)

const startGateway = (options: Parameters<typeof testGateway>[0] = {}) =>
  testGateway({
    ...options,
    dependencies: { contracts: () => contracts, graphql: async (limits) => createOperations(limits) },
  })

type Response = {
  readonly errors?: readonly { message: string; extensions: { code: string } }[]
  readonly data?: unknown
}

async function ask(
  url: string,
  body: unknown,
  { path = '/v1/graphql', accept = 'application/graphql-response+json', key = '' } = {},
) {
  const response = await fetch(`${url}${path}`, {
    ...{ method: 'POST', body: typeof body === 'string' ? body : JSON.stringify(body) },
    headers: { 'content-type': 'application/json', accept, ...(key === '' ? {} : { 'idempotency-key': key }) },
  })
  return {
    status: response.status,
    type: response.headers.get('content-type'),
    body: (await response.json()) as Response,
  }
}

describe('the official audits of GraphQL over HTTP', () => {
  const audits = serverAudits({ url: '' })
  it.each(audits.map(({ id, name }) => [id, name] as const))('%s %s', async (id) => {
    const { url } = await startGateway()
    const audit = serverAudits({ url: `${url}/v1/graphql` }).find((one) => one.id === id)
    expect(await audit?.fn()).toMatchObject({ status: 'ok' })
  })
})

/** Each with its code: what one request would cost, or would have to be read of it. */
const bombs: Readonly<Record<string, readonly [code: string, body: unknown]>> = {
  'a batch': ['invalid_request', [{ query: '{ __typename }' }, { query: '{ __typename }' }]],
  'hundreds of aliases': [
    'operation_too_costly',
    { query: `{ ${Array.from({ length: 200 }, (_, i) => `a${i}: things { items { id } }`).join(' ')} }` },
  ],
  'more tokens than are read': ['operation_too_large', { query: `{ ${'__typename '.repeat(5_000)} }` }],
  'a text that is too long': ['operation_too_large', { query: `{ __typename } # ${'x'.repeat(70_000)}` }],
  'a comment in each line': ['operation_too_large', { query: `{ __typename }${'\n#'.repeat(2_000)}` }],
  'things in things in things': [
    'operation_too_deep',
    { query: `{ thing(id: "1") ${'{ like '.repeat(20)}{ id }${' }'.repeat(20)} }` },
  ],
  'braces that a parser would follow': ['operation_too_large', { query: '{a'.repeat(2_000) }],
  'lists in lists in an argument': ['operation_too_large', { query: `{ thing(id: ${'['.repeat(1_000)}` }],
  'a huge list': ['operation_too_costly', { query: '{ things(limit: 100000) { items { id } } }' }],
  'a huge list by a variable': [
    'operation_too_costly',
    { query: 'query A($n: Int) { things(limit: $n) { items { id name parts } } }', variables: { n: 1_000_000 } },
  ],
  'fragments that double thirty times': [
    'operation_too_costly',
    {
      query: `{ things { items { ...F0 } } } ${Array.from({ length: 30 }, (_, i) => `fragment F${i} on Thing { ...F${i + 1} ...F${i + 1} }`).join(' ')} fragment F30 on Thing { id }`,
    },
  ],
  'a part for each of a hundred things': [
    'operation_too_costly',
    { query: '{ things(limit: 100) { items { id ... @defer { name } ... @defer(label: "b") { name } } } }' },
  ],
  'parts that are deferred by nobody, hundreds of times': [
    'operation_too_costly',
    {
      query: `query A($no: Boolean = false) { things(limit: 2) { items { ${Array.from({ length: 120 }, (_, i) => `... @defer(if: $no, label: "${i}") { id }`).join(' ')} } } }`,
    },
  ],
  'parts of parts, doubled': [
    'operation_too_costly',
    {
      query: `{ things { items { ...F0 } } } ${Array.from({ length: 30 }, (_, i) => `fragment F${i} on Thing { ...F${i + 1} @defer ...F${i + 1} @defer(label: "l${i}") }`).join(' ')} fragment F30 on Thing { id }`,
    },
  ],
  'a deep part': [
    'operation_too_deep',
    { query: `{ thing(id: "1") { ... @defer { ${'like { '.repeat(20)} id ${'}'.repeat(20)} } } }` },
  ],
  'a list item by item, which there is not': ['invalid_operation', { query: '{ things { items @stream { id } } }' }],
  'fragments in a circle': [
    'invalid_operation',
    { query: '{ things { items { ...A } } } fragment A on Thing { ...B } fragment B on Thing { ...A }' },
  ],
  'a directive hundreds of times': [
    'invalid_operation',
    { query: `{ things ${'@skip(if: false) '.repeat(250)} { items { id } } }` },
  ],
  'directives that there are not': ['invalid_operation', { query: `{ things ${'@a'.repeat(900)} { items { id } } }` }],
  'the schema, over and over': [
    'operation_too_costly',
    { query: `{ ${Array.from({ length: 100 }, (_, i) => `s${i}: __schema { types { name } }`).join(' ')} }` },
  ],
  'types of fields of types': [
    'invalid_operation',
    { query: '{ __schema { types { fields { type { fields { type { fields { type { fields { name } } } } } } } } } }' },
  ],
  'a field that there is not, a hundred times': [
    'invalid_operation',
    { query: `{ ${Array.from({ length: 300 }, (_, i) => `nothing${i}`).join(' ')} }` },
  ],
  'one name for two things': ['invalid_operation', { query: '{ things { items { id: name id } } }' }],
  'no operation': ['invalid_operation', { query: 'fragment A on Thing { id }' }],
  'two operations and no name': ['invalid_operation', { query: 'query A { __typename } query B { __typename }' }],
  'a mutation': ['invalid_operation', { query: 'mutation { things { items { id } } }' }],
  'variables that do not fit': [
    'invalid_operation',
    { query: 'query A($id: ID!) { thing(id: $id) { id } }', variables: {} },
  ],
}

describe('a bomb', () => {
  it.each(Object.entries(bombs))('%s is refused with one code, and no function is called', async (_, [code, body]) => {
    const { url, invoked } = await startGateway()
    const startedAt = performance.now()
    const { status, type, body: answered } = await ask(url, body)
    expect([status, type]).toEqual([400, 'application/graphql-response+json'])
    expect(new Set(answered.errors?.map(({ extensions }) => extensions.code))).toEqual(new Set([code]))
    expect(answered.errors?.length).toBeLessThanOrEqual(20)
    expect(JSON.stringify(answered).length).toBeLessThan(20_000)
    expect(invoked).toEqual([])
    // What hangs is what this is about; how long it takes is measured elsewhere.
    expect(performance.now() - startedAt).toBeLessThan(10_000)
  })

  it('of cost is one by JSON, too, and counted by its code', async () => {
    const { url, shortCircuits } = await startGateway()
    const { status, type } = await ask(url, bombs['a huge list']?.[1], { accept: 'application/json' })
    expect([status, type, shortCircuits]).toEqual([400, 'application/json', ['operation_too_costly']])
  })
})

describe('an operation', () => {
  it('goes to its function as it was sent', async () => {
    const { url, invoked } = await startGateway()
    const { status, type } = await ask(url, { query: '{ things { items { id } } }' })
    expect([status, type, invoked]).toEqual([200, 'application/graphql-response+json', ['POST /v1/graphql']])
  })

  it('that comes in parts passes as it is', async () => {
    const type = 'multipart/mixed; boundary="-"; incrementalSpec=v0.2'
    const { url } = await startGateway({
      upstream: (request, response) => {
        request.resume().on('end', () => response.setHeader('content-type', type).end('\r\n---…'))
      },
    })
    const response = await fetch(`${url}/v1/graphql`, {
      ...{ method: 'POST', body: JSON.stringify({ query: '{ things { ... @defer { items { id } } } }' }) },
      headers: { 'content-type': 'application/json', accept: type },
    })
    expect([response.headers.get('content-type'), await response.text()]).toEqual([type, '\r\n---…'])
  })

  it('about the schema alone defers nothing', async () => {
    const { url } = await startGateway()
    const { body } = await ask(url, { query: '{ ... @defer { __typename } }' })
    expect(body.data).toEqual({ __typename: 'Query' })
  })

  it('by GET goes to its function as a POST', async () => {
    const bodies: string[] = []
    const { url, invoked } = await startGateway({
      upstream: (request, response) => {
        request.on('data', (chunk) => bodies.push(String(chunk)))
        request.on('end', () => response.setHeader('content-type', 'application/json').end('{"data":{}}'))
      },
    })
    const query = new URLSearchParams({
      query: 'query A($n: Int) { things(limit: $n) { items { id } } }',
      variables: '{"n":2}',
    })
    const response = await fetch(`${url}/v1/graphql?${query}`)
    expect([response.status, await response.json(), invoked]).toEqual([200, { data: {} }, ['POST /v1/graphql']])
    expect(JSON.parse(bodies.join(''))).toEqual({ query: query.get('query'), variables: { n: 2 } })
  })

  it.each([
    ['variables=%7B', 'query.variables'],
    ['query=a&query=b', 'query.query'],
    ['query=%7B__typename%7D&more=1', 'body.more'],
  ])('by GET with ?%s is refused', async (query, path) => {
    const { url, invoked } = await startGateway()
    const body = (await (await fetch(`${url}/v1/graphql?${query}`)).json()) as {
      errors: readonly { extensions: object }[]
    }
    expect(body.errors[0]?.extensions).toMatchObject({
      code: 'invalid_request',
      details: [expect.objectContaining({ path })],
    })
    expect(invoked).toEqual([])
  })

  it('about the schema alone is answered without its function', async () => {
    const { url, invoked, shortCircuits } = await startGateway()
    const { body } = await ask(url, { query: '{ __schema { queryType { fields { name } } } }' })
    expect(body.data).toEqual({ __schema: { queryType: { fields: [{ name: 'thing' }, { name: 'things' }] } } })
    expect([invoked, shortCircuits]).toEqual([[], ['schema']])
  })

  it('about the schema is refused where the contract does not say so, and no message hints at a name', async () => {
    const { url } = await startGateway()
    const schema = await ask(url, { query: '{ __schema { types { name } } }' }, { path: '/v1/closed' })
    expect(schema.body.errors?.[0]?.extensions.code).toBe('invalid_operation')
    const hint = await ask(url, { query: '{ thingz { items } }' }, { path: '/v1/closed' })
    expect(hint.body.errors?.[0]?.message).not.toContain('Did you mean')
  })
})

describe('a mutation', () => {
  const path = '/v1/writing'
  const keep = (i = 0) => `a${i}: keepThing(id: "1", input: { name: "A" }) { id }`
  const query = `mutation { ${keep()} }`

  it('goes to its function with its Idempotency-Key', async () => {
    const keys: unknown[] = []
    const { url, invoked } = await startGateway({
      upstream: (request, response) => {
        keys.push(request.headers['idempotency-key'])
        response.setHeader('content-type', 'application/json').end('{"data":{}}')
      },
    })
    expect((await ask(url, { query }, { path, key: 'k-1' })).status).toBe(200)
    expect([invoked, keys]).toEqual([['POST /v1/writing'], ['k-1']])
  })

  it('lets its function call those that write; a query beside it lets it call nobody', async () => {
    const delegations: unknown[] = []
    const { url } = await startGateway({
      upstream: (request, response) => {
        delegations.push(request.headers['ebb-delegation'])
        response.setHeader('content-type', 'application/json').end('{"data":{}}')
      },
    })
    await ask(url, { query }, { path, key: 'k-1' })
    await ask(url, { query: '{ things { items { id } } }' }, { path, key: 'k-2' })
    expect(delegations).toEqual([expect.stringMatching(/^keep-thing=/), undefined])
  })

  it.each([
    ['', 'Missing; this endpoint needs one'],
    ['x'.repeat(256), 'Must be 1 to 255 visible ASCII characters'],
  ])('with the Idempotency-Key "%s" is refused', async (key, message) => {
    const { url, invoked } = await startGateway()
    const { status, body } = await ask(url, { query }, { path, key })
    expect([status, invoked]).toEqual([400, []])
    expect(body.errors?.[0]?.extensions).toMatchObject({
      code: 'invalid_request',
      details: [{ path: 'headers.idempotency-key', message }],
    })
  })

  it('by GET is refused, with a key and without', async () => {
    const { url, invoked } = await startGateway()
    for (const headers of [{}, { 'idempotency-key': 'k-1' }]) {
      const response = await fetch(`${url}${path}?${new URLSearchParams({ query })}`, { headers })
      expect([response.status, response.headers.get('allow')]).toEqual([405, 'POST'])
    }
    expect(invoked).toEqual([])
  })

  it('of more calls than the cost allows is refused', async () => {
    const { url, invoked } = await startGateway()
    const many = `mutation { ${Array.from({ length: 20 }, (_, i) => keep(i)).join(' ')} }`
    const { body } = await ask(url, { query: many }, { path, key: 'k-1' })
    expect([body.errors?.[0]?.extensions.code, invoked]).toEqual(['operation_too_costly', []])
  })

  it('that asks for nothing but a name needs no key', async () => {
    const { url, invoked } = await startGateway()
    const { body } = await ask(url, { query: 'mutation { __typename }' }, { path })
    expect([body, invoked]).toEqual([{ data: { __typename: 'Mutation' } }, []])
  })
})

describe('persisted operations', () => {
  const path = '/v1/known'

  it.each([
    ['by its id', { documentId: HASH }],
    ['as Apollo names it', { extensions: { persistedQuery: { version: 1, sha256Hash: HASH } } }],
    ['by its own text', { query: persisted.documents[HASH] }],
  ])('one is called %s', async (_, body) => {
    const { url, invoked } = await startGateway()
    expect([(await ask(url, body, { path })).status, invoked]).toEqual([200, ['POST /v1/known']])
  })

  it.each([
    ['an unknown id', { documentId: 'b'.repeat(64) }],
    ['another text', { query: '{ things { items { name } } }' }],
    ['a name of every object', { documentId: 'constructor' }],
  ])('%s is refused', async (_, body) => {
    const { url, invoked } = await startGateway()
    const { status, body: answered } = await ask(url, body, { path })
    expect([status, answered.errors?.[0]?.extensions.code, invoked]).toEqual([400, 'operation_not_known', []])
  })
})

describe('what is wrong elsewhere', () => {
  it('is an error of GraphQL, too: a problem of the function', async () => {
    const { url } = await startGateway({
      upstream: (_request, response) => {
        response.writeHead(503, { 'content-type': 'application/problem+json' })
        response.end(JSON.stringify({ error: 'unavailable', message: 'No.', status: 503 }))
      },
    })
    const { status, type, body } = await ask(url, { query: '{ things { items { id } } }' })
    expect([status, type]).toEqual([503, 'application/graphql-response+json'])
    expect(body).toEqual({
      errors: [{ message: 'No.', extensions: { code: 'unavailable', status: 503, correlationId: expect.any(String) } }],
    })
  })
})
