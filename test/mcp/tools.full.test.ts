import { randomUUID } from 'node:crypto'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { Client, StreamableHTTPClientTransport, type VersionNegotiationMode } from '@modelcontextprotocol/client'
import { startEbb, type TestEbb } from '../support/ebb.ts'
import { untilTrue } from '../support/until.ts'

let ebb: TestEbb
beforeAll(async () => {
  ebb = await startEbb({ env: { EBB_IDLE_MS: '600000' } })
})
afterAll(() => ebb.stop())

const MODES: readonly VersionNegotiationMode[] = ['legacy', { pin: '2026-07-28' }]
const CALLERS = [undefined, 'customer', 'merchant'] as const
type CallerName = (typeof CALLERS)[number]

const keyOf = (caller: CallerName) => (caller === undefined ? undefined : ebb.ready.keys[caller])

async function connect(caller: CallerName, mode: VersionNegotiationMode): Promise<Client> {
  const key = keyOf(caller)
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } })
  const requestInit = { headers: key === undefined ? {} : { authorization: `Bearer ${key}` } }
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', ebb.ready.url), { requestInit }))
  return client
}

interface Request {
  readonly method: string
  readonly path: string
  readonly args: {
    readonly params?: { readonly id: string }
    readonly query?: Readonly<Record<string, string | number>>
    readonly body?: object
    readonly idempotencyKey?: string
  }
}

const NOBODY = '00000000-0000-4000-8000-000000000000'
/** A request to each tool, with what makes a second one the same as the first. */
const requests = (): Readonly<Record<string, Request>> => {
  const idempotencyKey = randomUUID()
  const product = { sku: `LAMP-${idempotencyKey.slice(0, 8).toUpperCase()}`, name: 'Lamp', cents: 8900, stock: 3 }
  const order = { sku: 'NO-SUCH-THING', quantity: 1, email: 'ada@example.com' }
  return {
    'cancel-order': { method: 'DELETE', path: `/v1/orders/${NOBODY}`, args: { params: { id: NOBODY } } },
    'create-product': { method: 'POST', path: '/v1/products', args: { body: product, idempotencyKey } },
    'get-order': { method: 'GET', path: `/v1/orders/${NOBODY}`, args: { params: { id: NOBODY } } },
    'get-user': { method: 'GET', path: `/v1/users/${NOBODY}`, args: { params: { id: NOBODY } } },
    'list-products': { method: 'GET', path: '/v1/products', args: { query: { limit: 2, sort: 'name' } } },
    'place-order': { method: 'POST', path: '/v1/orders', args: { body: order, idempotencyKey } },
  }
}

/** What comes when the gateway is not late with all that it does, as it is on a busy machine. */
async function patiently<T extends { readonly status: unknown }>(ask: () => Promise<T>): Promise<T> {
  let answered: T | undefined
  const isAnswered = async () => {
    answered = await ask()
    return answered.status !== 503
  }
  await untilTrue(isAnswered, { what: 'the gateway has time' })
  if (!answered) throw new Error('untilTrue has asked')
  return answered
}

/** The response by HTTP, without what differs from request to request. */
async function byHttp({ method, path, args }: Request, caller: CallerName) {
  const search = args.query ? `?${new URLSearchParams(Object.entries(args.query).map(([k, v]) => [k, String(v)]))}` : ''
  const headers = args.idempotencyKey === undefined ? {} : { 'idempotency-key': args.idempotencyKey }
  const body = args.body === undefined ? {} : { body: args.body }
  const answer = await ebb.call(method, path + search, { key: keyOf(caller) ?? '', headers, ...body })
  return { status: answer.status, body: comparable(await answer.text()) }
}

async function asTool(client: Client, name: string, { args }: Request) {
  const result = await client.callTool({ name, arguments: { ...args } })
  const [content] = result.content as readonly { readonly text: string }[]
  expect(result.isError === true).toBe(Number(result._meta?.['ebb/status']) >= 400)
  if (result.structuredContent !== undefined) expect(result.structuredContent).toEqual(JSON.parse(content?.text ?? ''))
  return { status: result._meta?.['ebb/status'], body: comparable(content?.text ?? '') }
}

function comparable(text: string): unknown {
  const { correlationId: _id, instance: _instance, ...rest } = JSON.parse(text)
  return rest
}

describe('tools of the test project', () => {
  it.each(MODES)('%j: are listed without an instance of any function', async (mode) => {
    for (const caller of CALLERS) {
      const client = await connect(caller, mode)
      expect((await client.listTools()).tools.length).toBeGreaterThan(0)
      await client.close()
    }
    expect((await ebb.functions()).filter(({ instances }) => Number(instances) > 0)).toEqual([])
  })

  it.each(MODES.flatMap((mode) => CALLERS.map((caller) => [mode, caller] as const)))(
    '%j: answer %s as the endpoints do by HTTP, and are listed where they may be called',
    async (mode, caller) => {
      const client = await connect(caller, mode)
      const listed = (await client.listTools()).tools.map(({ name }) => name)
      const all = requests()
      expect(listed.filter((name) => !all[name])).toEqual([])
      for (const [name, request] of Object.entries(all)) {
        const http = await patiently(() => byHttp(request, caller))
        expect([name, listed.includes(name)]).toEqual([
          name,
          ![401, 403].includes(http.status) || isDecidedInside(name, caller),
        ])
        if (http.status === 401) await expect(asTool(client, name, request)).rejects.toThrow(/401|unauthor/i)
        else expect([name, await patiently(() => asTool(client, name, request))]).toEqual([name, http])
      }
      await client.close()
    },
  )

  it('have an effect once, however the same key comes', async () => {
    const client = await connect('merchant', 'auto')
    const sku = `CHAIR-${randomUUID().slice(0, 8).toUpperCase()}`
    const request = {
      method: 'POST',
      path: '/v1/products',
      args: { body: { sku, name: 'Chair', cents: 100, stock: 5 }, idempotencyKey: randomUUID() },
    }
    const first = await patiently(() => asTool(client, 'create-product', request))
    expect(first.status).toBe(201)
    expect(await patiently(() => asTool(client, 'create-product', request))).toEqual(first)
    expect(await patiently(() => byHttp(request, 'merchant'))).toEqual(first)
    const again = { ...request, args: { ...request.args, idempotencyKey: randomUUID() } }
    expect(await patiently(() => asTool(client, 'create-product', again))).toMatchObject({
      status: 409,
      body: { error: 'sku_taken' },
    })
  })
})

/** Whom an owner or a policy lets in, only the handler knows. */
const isDecidedInside = (name: string, caller: CallerName) =>
  caller !== undefined && ['get-order', 'get-user', 'cancel-order'].includes(name)
