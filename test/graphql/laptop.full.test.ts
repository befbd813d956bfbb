import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Client, fetchExchange, gql } from '@urql/core'
import { auditServer } from 'graphql-http'
import { createClient } from 'graphql-sse'
import { copyCheckout } from '../support/checkout.ts'
import { startEbb, type TestEbb } from '../support/ebb.ts'
import { graphqlFunction } from '../support/graphql-function.ts'

let remove: () => Promise<void>
let ebb: TestEbb
beforeAll(async () => {
  const checkout = await copyCheckout(await graphqlFunction())
  remove = checkout.remove
  ebb = await startEbb({ root: checkout.root, env: { EBB_IDLE_MS: '600000' } })
})
afterAll(async () => {
  await ebb.stop()
  await remove()
})

interface Answer {
  readonly data?: Readonly<Record<string, unknown>>
  readonly errors?: readonly { readonly extensions: { readonly code: string } }[]
}

async function ask(query: string, variables = {}, key = ebb.ready.keys.customer ?? '', idempotencyKey?: string) {
  const headers = idempotencyKey === undefined ? {} : { 'idempotency-key': idempotencyKey }
  const response = await ebb.call('POST', '/v1/graphql', { key, headers, body: { query, variables } })
  return { status: response.status, body: (await response.json()) as Answer }
}
const statusOfFunction = async (wanted = 'graphql') => (await ebb.functions()).find(({ name }) => name === wanted)

/** Asks for something that only the function has, beside what an audit asks for. */
const withData: typeof fetch = (input, init) => {
  const more = (text: string) => text.replace('{ __typename }', '{ __typename products(limit: 1) { items { sku } } }')
  const url = new URL(String(input))
  const query = url.searchParams.get('query')
  if (query !== null) url.searchParams.set('query', more(query))
  return fetch(url, { ...init, ...(typeof init?.body === 'string' ? { body: more(init.body) } : {}) })
}

describe('GraphQL on the laptop', () => {
  it('starts no function for bombs, whichever way they are wrong, nor for questions about the schema', async () => {
    const bombs = [
      '{ products(limit: 100000) { items { sku } } }',
      `{ ${Array.from({ length: 200 }, (_, i) => `a${i}: products { items { sku } }`).join(' ')} }`,
      '{a'.repeat(3_000),
      '{ nothing }',
      '{ order(id: 1) { id { id { id { id { id { id { id } } } } } } } }',
    ]
    for (const bomb of bombs)
      expect([bomb, (await ask(bomb)).body]).toMatchObject([bomb, { errors: expect.any(Array) }])
    expect((await ask('{ __schema { queryType { name } } }')).body.data).toEqual({
      __schema: { queryType: { name: 'Query' } },
    })
    expect(await statusOfFunction()).toMatchObject({ instances: 0, coldStarts: 0, requests: 0 })
    expect(await ebb.metrics()).toMatch(/ebb_wakeups_avoided_total\{reason="operation_too_costly"\} 2/)
  })

  it('passes all official audits, answered by the gateway', async () => {
    const results = await auditServer({ url: `${ebb.ready.url}/v1/graphql` })
    expect(results.length).toBeGreaterThan(50)
    expect(results.filter(({ status }) => status !== 'ok')).toEqual([])
    expect(await statusOfFunction()).toMatchObject({ instances: 0, coldStarts: 0 })
  })

  it('passes them where the function answers, too', async () => {
    const results = await auditServer({ url: `${ebb.ready.url}/v1/graphql`, fetchFn: withData })
    expect(results.filter(({ status }) => status !== 'ok')).toEqual([])
    expect(Number((await statusOfFunction())?.requests)).toBeGreaterThan(20)
  })

  const create = (sku: string, stock = 5) =>
    `createProduct(input: { sku: "${sku}", name: "Lamp", cents: 1, stock: ${stock} })`
  const write = (query: string, idempotencyKey?: string, variables = {}, key = ebb.ready.keys.merchant) =>
    ask(query, variables, key ?? '', idempotencyKey)
  const codesOf = ({ body }: { readonly body: Answer }) => body.errors?.map(({ extensions }) => extensions.code)

  it('starts no function for a mutation that is wrong, too costly, without a key, or by GET', async () => {
    const before = await statusOfFunction()
    const many = Array.from({ length: 30 }, (_, i) => `a${i}: ${create(`LAMP-${i}`)} { sku }`).join(' ')
    expect(codesOf(await write(`mutation { ${many} }`, 'many'))).toEqual(['operation_too_costly'])
    expect(codesOf(await write('mutation { createProduct(input: { sku: "LAMP-W" }) { sku } }', 'wrong'))).toContain(
      'invalid_operation',
    )
    expect(codesOf(await write(`mutation { ${create('LAMP-W')} { sku } }`))).toEqual(['invalid_request'])
    const query = new URLSearchParams({ query: `mutation { ${create('LAMP-W')} { sku } }` })
    const headers = { 'idempotency-key': 'get' }
    const byGet = await ebb.call('GET', `/v1/graphql?${query}`, { key: ebb.ready.keys.merchant ?? '', headers })
    expect([byGet.status, byGet.headers.get('allow')]).toEqual([405, 'POST'])
    expect((await statusOfFunction())?.requests).toBe(before?.requests)
    expect(await statusOfFunction('create-product')).toMatchObject({ coldStarts: 0, requests: 0 })
  })

  it('calls nothing for a caller who may not, or for what its contract refuses', async () => {
    const mutation = `mutation { ${create('LAMP-W')} { sku } }`
    expect(codesOf(await write(mutation, 'customer', {}, ebb.ready.keys.customer))).toEqual(['forbidden'])
    expect(codesOf(await write(mutation, 'nobody', {}, ''))).toEqual(['unauthenticated'])
    const { body } = await write(`mutation { ${create('lamp', -1)} { sku } }`, 'invalid')
    expect(body).toMatchObject({
      data: { createProduct: null },
      errors: [{ extensions: { code: 'invalid_request', details: [{ path: 'body.sku' }, { path: 'body.stock' }] } }],
    })
    expect(await statusOfFunction('create-product')).toMatchObject({ coldStarts: 0, requests: 0 })
  })

  it('writes once, however often an operation comes, and whatever else of it runs', async () => {
    const mutation = `mutation A($skip: Boolean = false) {
      a: ${create('LAMP-A')} @skip(if: $skip) { sku stock }
      b: ${create('LAMP-B')} { sku stock }
      c: ${create('LAMP-A', 9)} { sku stock }
    }`
    const first = await write(mutation, 'once')
    expect(first.body.data).toEqual({ a: { sku: 'LAMP-A', stock: 5 }, b: { sku: 'LAMP-B', stock: 5 }, c: null })
    expect(codesOf(first)).toEqual(['sku_taken'])
    const second = await write(mutation, 'once')
    expect([second.body.data, codesOf(second)]).toEqual([first.body.data, ['sku_taken']])
    const { b, c } = first.body.data ?? {}
    expect((await write(mutation, 'once', { skip: true })).body.data).toEqual({ b, c })
  })

  it('has one key for one thing: another one under it is refused, and another key is another operation', async () => {
    const named = (sku: string) => `mutation { a: ${create(sku)} { sku } }`
    expect((await write(named('LAMP-C'), 'thing')).body.data).toEqual({ a: { sku: 'LAMP-C' } })
    const other = await write(named('LAMP-D'), 'thing')
    expect([other.body.data, codesOf(other)]).toEqual([{ a: null }, ['idempotency_mismatch']])
    expect(codesOf(await write(named('LAMP-C'), 'another'))).toEqual(['sku_taken'])
  })

  it('shows an order to its owner, and to nobody else', async () => {
    await ebb.call('POST', '/v1/products', {
      ...{ key: ebb.ready.keys.merchant ?? '', headers: { 'idempotency-key': 'lamp' } },
      body: { sku: 'LAMP-G', name: 'Lamp', cents: 100, stock: 5 },
    })
    const placed = await ebb.call('POST', '/v1/orders', {
      ...{ headers: { 'idempotency-key': 'order' }, body: { sku: 'LAMP-G', quantity: 1, email: 'ada@example.com' } },
    })
    const { id } = (await placed.json()) as { id: string }
    const query = 'query A($id: ID!) { order(id: $id) { sku quantity } products(limit: 1) { items { sku } } }'
    const own = await ask(query, { id })
    expect(own.body).toMatchObject({ data: { order: { sku: 'LAMP-G', quantity: 1 } } })
    const others = await ask(query, { id }, '')
    expect(others.body.data).toMatchObject({ order: null, products: { items: [expect.any(Object)] } })
    expect(others.body.errors?.map(({ extensions }) => extensions.code)).toEqual(['unauthenticated'])
  })

  /** Places an order of what there is, under a key of its own. */
  async function placeOrder(sku: string, idempotencyKey: string) {
    const body = { sku, quantity: 1, email: 'ada@example.com' }
    const placed = await ebb.call('POST', '/v1/orders', { headers: { 'idempotency-key': idempotencyKey }, body })
    expect(placed.status).toBe(201)
    return ((await placed.json()) as { id: string }).id
  }
  const stocked = (sku: string) => write(`mutation { ${create(sku, 100)} { sku } }`, sku)

  it('sends what is deferred in parts to a client that takes them, and refuses a bomb of them', async () => {
    await stocked('LAMP-L')
    const id = await placeOrder('LAMP-L', 'later')
    const client = new Client({
      ...{ url: `${ebb.ready.url}/v1/graphql`, exchanges: [fetchExchange], preferGetMethod: false },
      fetchOptions: { headers: { 'x-api-key': ebb.ready.keys.customer ?? '' } },
    })
    const query = gql`query ($id: ID!) { products(limit: 1) { items { sku } } ... @defer { order(id: $id) { sku } } }`
    const results: { data: unknown; hasNext: boolean }[] = []
    const over = Promise.withResolvers<void>()
    client.query(query, { id }).subscribe(({ data, hasNext, error }) => {
      results.push({ data: structuredClone(data), hasNext })
      if (error) over.reject(error)
      else if (!hasNext) over.resolve()
    })
    await over.promise
    expect(results).toEqual([
      { data: { products: { items: [{ sku: expect.any(String) }] } }, hasNext: true },
      { data: { products: { items: [expect.any(Object)] }, order: { sku: 'LAMP-L' } }, hasNext: false },
    ])
    const before = await statusOfFunction()
    const parts = Array.from({ length: 100 }, (_, i) => `... @defer(label: "${i}") { sku }`).join(' ')
    expect(codesOf(await ask(`{ products(limit: 2) { items { ${parts} } } }`))).toEqual(['operation_too_costly'])
    expect((await statusOfFunction())?.requests).toBe(before?.requests)
  })

  it('sends events after their commit to whoever follows them, and what was missed to who comes back; no function runs for it', async () => {
    await stocked('LAMP-S')
    await stocked('LAMP-T')
    const before = await statusOfFunction()
    const url = `${ebb.ready.url}/v1/graphql`
    const query = 'subscription ($sku: String) { orderPlaced(sku: $sku) { id sku } }'
    const connected = Promise.withResolvers<void>()
    const client = createClient({ url, on: { connected: () => connected.resolve() } })
    const results = client.iterate({ query, variables: { sku: 'LAMP-S' } })
    const next = results.next()
    await connected.promise
    await placeOrder('LAMP-T', 'other')
    const first = await placeOrder('LAMP-S', 'first')
    expect((await next).value).toEqual({ data: { orderPlaced: { id: first, sku: 'LAMP-S' } } })
    await results.return?.()
    client.dispose()

    // As EventSource does.
    const search = new URLSearchParams({ query, variables: '{"sku":"LAMP-S"}' })
    const follow = async (lastEventId?: string) => {
      const headers = { accept: 'text/event-stream', ...(lastEventId ? { 'last-event-id': lastEventId } : {}) }
      const hangUp = new AbortController()
      const { body } = await fetch(`${url}?${search}`, { headers, signal: hangUp.signal })
      const reader = body?.pipeThrough(new TextDecoderStream()).getReader()
      let text = ''
      return async (pattern: RegExp) => {
        while (!pattern.test(text)) text += (await reader?.read())?.value ?? ''
        hangUp.abort()
        return text
      }
    }
    const until = await follow()
    const second = await placeOrder('LAMP-S', 'second')
    const seen = await until(/data: .*\n\n/)
    expect(seen).toContain(second)
    const missed = await placeOrder('LAMP-S', 'missed')
    const again = await (await follow([...seen.matchAll(/^id: (.*)$/gm)].at(-1)?.[1]))(/data: .*\n\n/)
    expect([again.includes(missed), again.includes(second)]).toEqual([true, false])
    expect((await statusOfFunction())?.requests).toBe(before?.requests)
  })

  it('lets nobody follow what is not theirs, or what they may not see', async () => {
    const follow = (query: string, key = '') =>
      ebb.call('POST', '/v1/graphql', { key, headers: { accept: 'text/event-stream' }, body: { query } })
    const users = 'subscription { userCreated { email } }'
    expect((await follow(users)).status).toBe(401)
    expect((await follow(users, ebb.ready.keys.customer)).status).toBe(403)
    expect((await follow('subscription { orderPlaced { nothing } }')).status).toBe(400)
  })
})
