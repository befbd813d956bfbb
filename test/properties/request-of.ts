import { randomUUID } from 'node:crypto'
import fc, { type Arbitrary } from 'fast-check'
import { Agent, type Dispatcher, request } from 'undici'
import type { EndpointData } from '../../src/deploy/contracts-data.ts'
import { arbitraryOf } from './arbitrary-of.ts'

export interface Sent {
  readonly target: string
  readonly init: {
    readonly method: Dispatcher.HttpMethod
    readonly headers: Readonly<Record<string, string>>
    readonly body?: string
  }
}

type Parts = Readonly<Record<string, unknown>>

/** Requests of an endpoint with parts from their schemas' domains, as HTTP carries them. */
export function requestOf({ route, params, query, headers, body }: EndpointData): Arbitrary<Sent> {
  const schemas = { params, query, headers, json: body }
  const declared = Object.entries(schemas).filter(([, schema]) => schema)
  // One part is wild, so that the others do not hide what becomes of it.
  const requestWith = (wild: string) => {
    const parts = declared.map(([part, schema = {}]) => [part, arbitraryOf(schema, { wild: part === wild })])
    return fc.record(Object.fromEntries(parts)) as Arbitrary<
      Partial<Record<'params' | 'query' | 'headers', Parts>> & { json?: unknown }
    >
  }
  const requests = [...declared.map(([part]) => requestWith(part)), requestWith('none')]
  return fc.oneof(...requests).map(({ params = {}, query = {}, headers = {}, json }) => {
    const path = route.path.replaceAll(/\{(\w+)\}/g, (_, name: string) => encode(params[name]) || 'x')
    const pairs = Object.entries(query).flatMap(([name, value]) =>
      [value].flat().map((one) => `${name}=${encode(one)}`),
    )
    const own = { 'content-type': 'application/json', 'idempotency-key': randomUUID() }
    const named = Object.entries(headers).map(([name, value]) => [name, encode(value)])
    const init = { method: route.method, headers: { ...Object.fromEntries(named), ...own } }
    return {
      target: `${path}?${pairs.join('&')}`,
      init: json === undefined ? init : { ...init, body: JSON.stringify(json) },
    }
  })
}

/** Each on a connection of its own: one that is kept may be closed by the server just when a busy machine uses it. */
const dispatcher = new Agent({ pipelining: 0 })

export async function statusOf(url: string, init: Sent['init']): Promise<number> {
  const { statusCode, body } = await request(url, { ...init, dispatcher })
  await body.dump()
  return statusCode
}

/** Halves of surrogate pairs cannot be encoded; a client would send U+FFFD. */
const encode = (value: unknown) => encodeURIComponent(String(value).toWellFormed())
