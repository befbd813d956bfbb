import { once } from 'node:events'
import { request as sendRequest } from 'node:http'
import { expect, it } from '@jest/globals'
import { testDatabase } from '../../src/testing/index.ts'
import { gatewaySettings, startTestGateway } from './test-support.ts'

const database = testDatabase()

async function start() {
  const { env } = await gatewaySettings(database.url, (request, response) => {
    const status = Number(/status=(\d+)/.exec(request.url ?? '')?.[1] ?? 200)
    const cold = String(request.url?.includes('cold'))
    request.resume().on('end', () => response.writeHead(status, { 'ebb-revision': 'r1', 'ebb-cold': cold }).end('{}'))
  })
  const { url, admin } = await startTestGateway(env)
  const send = async (method: string, path: string, headers: Readonly<Record<string, string>> = {}, body = '') => {
    const sent = sendRequest(url + path, { method, headers, agent: false }).end(body)
    const [response] = await once(sent, 'response')
    response.resume()
    await once(response, 'close')
  }
  const metrics = async () => (await fetch(`${admin}/metrics`)).text()
  return { send, metrics }
}

/** Whatever a caller can choose, with a mark in it. */
async function sendAll(send: Awaited<ReturnType<typeof start>>['send'], mark: string, round: number) {
  const headers = {
    'x-correlation-id': mark,
    'idempotency-key': mark,
    'x-api-key': `ebb_live_${mark}`,
    'user-agent': mark,
    [`x-${mark}`]: mark,
  }
  for (const method of ['GET', 'PURGE', 'M-SEARCH', 'PROPFIND', 'QUERY', 'TRACE', ['LINK', 'BIND'][round % 2] ?? ''])
    for (const path of [`/${mark}`, '/v1/public', `/v1/public?${mark}=${mark}`, `/v1/things?${mark}`, '/v1/limited'])
      await send(method, path, headers)
  await send('GET', '/v1/public', { ...headers, host: `${mark}.example` })
  await send('GET', '/v1/things', { authorization: `Bearer ${mark}` })
  await send(
    'POST',
    '/v1/things',
    { 'content-type': `application/${mark}`, prefer: mark },
    JSON.stringify({ [mark]: mark }),
  )
  await send('GET', `/v1/public?status=${700 + round}`)
}

const seriesOf = (text: string) =>
  text
    .split('\n')
    .filter((line) => /^(ebb|http)_/.test(line))
    .map((line) => line.replace(/ \S+$/, ''))

it('no label has a value of a caller, and callers make no more series by sending others', async () => {
  const { send, metrics } = await start()
  await sendAll(send, 'zzfirst', 0)
  await sendAll(send, 'zzfirst', 1)
  const first = await metrics()
  expect(first).toMatch(/http_server_request_duration_seconds_count\{route="none",method="_OTHER",status="404"\}/)
  expect(first).toMatch(
    /http_server_request_duration_seconds_count\{route="\/v1\/public",method="GET",status="_OTHER"\} 2/,
  )
  for (let round = 2; round < 6; round++) await sendAll(send, `zzround${round}`, round)
  const last = await metrics()
  expect([first, last].filter((text) => /zz(first|round)/i.test(text))).toEqual([])
  const before = new Set(seriesOf(first))
  expect(seriesOf(last).filter((series) => !before.has(series))).toEqual([])
})

it('says how long callers waited for a cold start, and since when the contracts are there', async () => {
  const { send, metrics } = await start()
  await send('GET', '/v1/public?cold')
  await send('GET', '/v1/public')
  const text = await metrics()
  expect(text).toMatch(/ebb_cold_start_wait_seconds_count\{function="get-public"\} 1\n/)
  const loadedAt = Number(/^ebb_contracts_loaded_timestamp_seconds (\S+)$/m.exec(text)?.[1])
  expect(Math.abs(loadedAt - Date.now() / 1_000)).toBeLessThan(600)
  expect(text).toMatch(/^ebb_contracts_load_failed 0$/m)
})
