import { once } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { afterEach, beforeEach, expect, it } from '@jest/globals'
import { createReceiver } from './create-receiver.ts'
import { openTraceStore, TRACES_FILE, type TraceStore } from './trace-store.ts'

const ADMIN_KEY = 'a key of at least 16 characters'
const TRACE = 'ab'.repeat(16)
const EXPORT = {
  resourceSpans: [
    {
      resource: { attributes: [{ key: 'service.name', value: { stringValue: 'gateway' } }] },
      scopeSpans: [
        {
          spans: [
            {
              ...{ traceId: TRACE, spanId: 'cd'.repeat(8), name: 'GET /v1/orders', kind: 2 },
              ...{ startTimeUnixNano: `${Date.now()}000000`, endTimeUnixNano: `${Date.now()}500000` },
            },
          ],
        },
      ],
    },
  ],
}

let dataDir: string
let store: TraceStore
let close: () => void
let url: string
const warned: string[] = []
beforeEach(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'ebb-recorder-'))
  store = openTraceStore(join(dataDir, TRACES_FILE))
  const add: TraceStore['add'] = (spans) => store.add(spans)
  const handle = createReceiver({
    dataDir,
    store: { add },
    adminKey: ADMIN_KEY,
    log: { warn: (text: string) => void warned.push(text) } as never,
  })
  const server = createServer((request, response) => void handle(request, response)).listen(0, '127.0.0.1')
  await once(server, 'listening')
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  close = () => server.close().closeAllConnections()
})
afterEach(async () => {
  close()
  await rm(dataDir, { recursive: true })
})

const send = (
  body: string | Uint8Array<ArrayBuffer>,
  headers: Readonly<Record<string, string>> = { 'content-type': 'application/json' },
) => fetch(`${url}/v1/traces`, { method: 'POST', body, headers })
const ask = (path: string, key = ADMIN_KEY) => fetch(`${url}${path}`, { headers: { authorization: `Bearer ${key}` } })

it('keeps spans, packed as well, and tells them to whoever has the admin key', async () => {
  const text = JSON.stringify(EXPORT)
  expect((await send(text)).status).toBe(200)
  const packed = await send(gzipSync(text), { 'content-type': 'application/json', 'content-encoding': 'gzip' })
  expect([packed.status, await packed.text()]).toEqual([200, '{}'])
  expect(await (await ask(`/traces/${TRACE}`)).json()).toMatchObject({ spans: [{ part: 'gateway', kind: 'server' }] })
  expect(await (await ask(`/records?id=${TRACE}`)).json()).toMatchObject({
    lines: [],
    spans: [{ name: 'GET /v1/orders' }],
  })
  expect((await ask('/traces', 'another key')).status).toBe(401)
  expect((await ask('/elsewhere')).status).toBe(404)
})

it.each([
  ['415 what a web page could send without asking', 415, '{}', { 'content-type': 'text/plain' }],
  ['400 what is no JSON', 400, 'no', { 'content-type': 'application/json' }],
  ['400 what is no protobuf', 400, 'no', { 'content-type': 'application/x-protobuf' }],
  ['413 what is too much', 413, Buffer.alloc(5 * 1024 * 1024), { 'content-type': 'application/json' }],
  [
    '400 what is too much once it is unpacked',
    400,
    gzipSync(Buffer.alloc(64 * 1024 * 1024)),
    { 'content-type': 'application/json', 'content-encoding': 'gzip' },
  ],
])('refuses with %s', async (_what, status, body, headers) => {
  expect(
    await send(body, headers as Record<string, string>).then(
      (answer) => answer.status,
      () => 413,
    ),
  ).toBe(status)
})

it('answers with a status that no exporter tries again where nothing can be kept, and says so once', async () => {
  store.close()
  const statuses = [await send(JSON.stringify(EXPORT)), await send(JSON.stringify(EXPORT))].map(({ status }) => status)
  expect([statuses, warned]).toEqual([[500, 500], [expect.stringMatching(/^spans are not kept: /)]])
})
