import { Client, StreamableHTTPClientTransport, type VersionNegotiationMode } from '@modelcontextprotocol/client'
import { jsonPatch, mergePatch } from 'ebb/contract'
import * as z from 'zod'
import { contractSet, type EndpointContract, endpoint } from '../../../contract/index.ts'
import { toolDescriptions } from '../../../deploy/tool-descriptions.ts'

const Thing = z.object({ id: z.string(), n: z.number().optional() })
const anyone = { anonymous: true } as const

const endpoints = {
  'get-thing': endpoint({
    ...{ name: 'get-thing', summary: 'Shows a thing.', method: 'GET', path: '/v1/things/{id}', access: anyone },
    ...{ params: Thing.pick({ id: true }), reply: { status: 200, body: Thing }, failures: { thing_not_found: 404 } },
    query: z.object({ limit: z.number().optional(), tags: z.array(z.string()).optional() }),
    headers: z.object({ 'x-tone': z.string().optional() }),
    tool: true,
  }),
  'list-my-things': endpoint({
    ...{ name: 'list-my-things', summary: 'Lists mine.', method: 'GET', path: '/v1/things/mine', access: {} },
    ...{ reply: { status: 200, body: z.array(Thing) }, tool: { title: 'My things' } },
  }),
  'make-thing': endpoint({
    ...{ name: 'make-thing', summary: 'Makes a thing.', method: 'POST', path: '/v1/things', idempotent: true },
    ...{ body: z.object({ name: z.string() }), reply: { status: 201, body: Thing, location: '/v1/things/{id}' } },
    ...{ access: { scopes: ['things:write'] }, tool: { destructive: false } },
  }),
  'end-thing': endpoint({
    ...{ name: 'end-thing', summary: 'Ends a thing.', method: 'DELETE', path: '/v1/things/{id}', tool: true },
    ...{ params: Thing.pick({ id: true }), reply: { status: 204 }, access: { scopes: ['things:write'], owner: true } },
  }),
  'list-ours': endpoint({
    ...{ name: 'list-ours', summary: 'Lists ours.', method: 'GET', path: '/v1/ours', access: {}, tenancy: true },
    ...{ reply: { status: 200, body: z.array(Thing) }, tool: true },
  }),
  'get-one': endpoint({
    ...{ name: 'get-one', summary: 'One at a time.', method: 'GET', path: '/v1/one', access: anyone, tool: true },
    ...{ reply: { status: 200, body: Thing }, scale: { max: 1, concurrency: 1 } },
    ...{ limit: { requests: 3, perSeconds: 60 }, timeoutMs: 600_000 },
  }),
  'get-hidden': endpoint({
    ...{ name: 'get-hidden', summary: 'No tool.', method: 'GET', path: '/v1/hidden', access: anyone },
    reply: { status: 200, body: Thing },
  }),
}

const setOf = (some: Readonly<Record<string, EndpointContract>>) => ({
  ...contractSet(some, { info: { title: 'Things', version: '7', description: 'All about things.' } }),
  tools: toolDescriptions(Object.values(some)),
})

/** Endpoints of which all but one are tools. */
export const toolContracts = setOf(endpoints)
/** Without one that anybody may call. */
export const guardedContracts = setOf({ 'make-thing': endpoints['make-thing'] })

/** With one whose replies the gateway keeps. */
export const cachedContracts = setOf({
  'get-thing': endpoint({
    ...{ name: 'get-thing', summary: 'Shows a thing.', method: 'GET', path: '/v1/things/{id}', access: anyone },
    ...{ params: Thing.pick({ id: true }), reply: { status: 200, body: Thing }, tool: true },
    cache: { maxAgeSeconds: 60, shared: true },
  }),
})

/** With replies and bodies of other kinds. */
export const patchContracts = setOf({
  'change-thing': endpoint({
    ...{ name: 'change-thing', summary: 'Changes a thing.', method: 'PATCH', path: '/v1/things/{id}', tool: true },
    ...{ params: Thing.pick({ id: true }), body: z.union([mergePatch(Thing.pick({ n: true })), jsonPatch()]) },
    ...{ reply: [{ status: 200, body: Thing }, { status: 204 }], access: anyone },
  }),
  'pay-thing': endpoint({
    ...{ name: 'pay-thing', summary: 'Leads to the payment.', method: 'GET', path: '/v1/pay', access: anyone },
    ...{ reply: { status: 303, locations: ['https://pay.example.com/*'] }, tool: true },
  }),
})

/** What the official client says, that begins in one way or the other. */
export async function connectClient(
  url: string,
  { key, mode = 'auto' }: { readonly key?: string; readonly mode?: VersionNegotiationMode } = {},
) {
  const client = new Client({ name: 'test', version: '1' }, { versionNegotiation: { mode } })
  const headers = key === undefined ? {} : { 'x-api-key': key }
  await client.connect(new StreamableHTTPClientTransport(new URL('/mcp', url), { requestInit: { headers } }))
  return client
}

const META = {
  'io.modelcontextprotocol/protocolVersion': '2026-07-28',
  'io.modelcontextprotocol/clientCapabilities': {},
}

/** One request of the revision without a handshake, as it stands on the wire. */
export function statelessRequest(
  method: string,
  params: Readonly<Record<string, unknown>> = {},
  headers: Readonly<Record<string, string>> = {},
): RequestInit {
  const name = typeof params.name === 'string' ? { 'mcp-name': params.name } : {}
  return {
    method: 'POST',
    headers: {
      ...{ 'content-type': 'application/json', accept: 'application/json, text/event-stream' },
      ...{ 'mcp-protocol-version': '2026-07-28', 'mcp-method': method, ...name, ...headers },
    },
    body: JSON.stringify({ jsonrpc: '2.0', id: 1, method, params: { _meta: META, ...params } }),
  }
}

/** A message of a revision with a handshake. */
export const plainRequest = (message: unknown, headers: Readonly<Record<string, string>> = {}): RequestInit => ({
  method: 'POST',
  headers: { 'content-type': 'application/json', ...headers },
  body: typeof message === 'string' ? message : JSON.stringify(message),
})
