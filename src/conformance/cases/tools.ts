import { deepEqual, equal, match, ok } from 'node:assert/strict'
import { assertProblem, assertStatus } from '../assertions.ts'
import type { ConformanceResponse } from '../client.ts'
import { ENTRIES, newBatch, newKey } from '../entries.ts'
import type { Case } from '../session.ts'

const REVISION = '2026-07-28'
const META = {
  'io.modelcontextprotocol/protocolVersion': REVISION,
  'io.modelcontextprotocol/clientCapabilities': {},
}

interface Result {
  readonly tools?: readonly { readonly name: string }[]
  readonly isError?: boolean
  readonly structuredContent?: unknown
  readonly content?: readonly { readonly text: string }[]
  readonly _meta?: Readonly<Record<string, unknown>>
}

/** A request of the Model Context Protocol, without a handshake. */
const rpc = (method: string, params: { readonly name?: string } & Readonly<Record<string, unknown>> = {}) => ({
  ...{ method: 'POST', path: '/mcp' },
  headers: {
    ...{ 'mcp-protocol-version': REVISION, 'mcp-method': method },
    ...(params.name === undefined ? {} : { 'mcp-name': params.name }),
  },
  json: { jsonrpc: '2.0', id: 1, method, params: { _meta: META, ...params } },
})

function resultOf(answer: ConformanceResponse): Result {
  assertStatus(answer, 200)
  return answer.json<{ readonly result: Result }>().result
}

const WRITE = 'conformance-write'

export const tools: readonly Case[] = [
  {
    name: 'tools: are listed for whoever may call them, and asked for a login where nobody else may',
    needs: ['admin'],
    needsFunctions: true,
    run: async ({ send, newCaller }) => {
      const [writer, reader] = [await newCaller(['conformance:write']), await newCaller(['conformance:nothing'])]
      const listed = async (caller: { readonly send: typeof send }) =>
        resultOf(await caller.send(rpc('tools/list'))).tools?.map(({ name }) => name) ?? []
      ok((await listed(writer)).includes(WRITE), `${WRITE} is not listed for who may call it`)
      ok(!(await listed(reader)).includes(WRITE), `${WRITE} is listed for who may not call it`)
      const call = rpc('tools/call', { name: WRITE, arguments: {} })
      const refused = await send(call)
      assertProblem(refused, 401, 'unauthenticated')
      match(String(refused.headers['www-authenticate']), /^Bearer/i)
      const { isError, structuredContent } = resultOf(await reader.send(call))
      deepEqual([isError, Object(structuredContent).error], [true, 'forbidden'])
    },
  },
  {
    name: 'tools: a call answers as its endpoint does by HTTP, and an Idempotency-Key counts for both',
    needs: ['admin'],
    needsFunctions: true,
    run: async ({ newCaller }) => {
      const { send } = await newCaller(['conformance:write'])
      const body = { batch: newBatch(), quantity: 1, email: 'ada@example.com' }
      const idempotencyKey = newKey()
      const headers = { 'idempotency-key': idempotencyKey }
      const byHttp = await send({ method: 'POST', path: ENTRIES, json: body, headers })
      assertStatus(byHttp, 201)
      const asTool = resultOf(await send(rpc('tools/call', { name: WRITE, arguments: { body, idempotencyKey } })))
      equal(asTool.content?.[0]?.text, byHttp.text)
      deepEqual(asTool.structuredContent, byHttp.json())
      deepEqual([asTool._meta?.['ebb/status'], asTool._meta?.['ebb/idempotency-replayed']], [201, 'true'])
      const wrong = resultOf(
        await send(
          rpc('tools/call', { name: WRITE, arguments: { body: { ...body, quantity: 0 }, idempotencyKey: newKey() } }),
        ),
      )
      deepEqual([wrong.isError, Object(wrong.structuredContent).details?.[0]?.path], [true, 'body.quantity'])
    },
  },
  {
    name: 'tools: clients that begin with a handshake are answered in their revision, and there is no session',
    needs: ['key'],
    needsFunctions: true,
    run: async ({ caller }) => {
      const { send } = await caller()
      const post = (message: object) => send({ method: 'POST', path: '/mcp', json: { jsonrpc: '2.0', ...message } })
      const begun = await post({
        ...{ id: 1, method: 'initialize' },
        params: { protocolVersion: '2025-06-18', capabilities: {}, clientInfo: { name: 'ebb', version: '1' } },
      })
      assertStatus(begun, 200)
      equal(begun.json<{ result: { protocolVersion: string } }>().result.protocolVersion, '2025-06-18')
      equal(begun.headers['mcp-session-id'], undefined)
      assertStatus(await post({ method: 'notifications/initialized' }), 202)
      assertProblem(await send({ path: '/mcp' }), 405, 'method_not_allowed')
    },
  },
]
