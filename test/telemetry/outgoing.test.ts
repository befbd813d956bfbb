import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import { bundleFunction } from 'ebb/build'
import { runFunction } from '../oracle/run-function.ts'
import { startUpstream } from '../oracle/upstream.ts'
import { copyCheckout, functionFiles } from '../support/checkout.ts'
import { startOtlpReceiver } from '../support/otlp-receiver.ts'

/** Resolved against its origin, this path would be no URL. */
const call = (origin: string) => `
  const response = await fetch('${origin}//?sig=secret&q=1', { method: 'PROPFIND' })
  await response.arrayBuffer()
  return { pid: process.pid }`

it('a call with a strange path, a strange method and a signature is exported without it, and ends nothing', async () => {
  await using ends = new AsyncDisposableStack()
  const receiver = await startOtlpReceiver()
  ends.defer(receiver.close)
  const upstream = await startUpstream()
  ends.defer(upstream.close)
  const { root, remove } = await copyCheckout(functionFiles('call-out', call(upstream.url)))
  ends.defer(remove)
  const build = async (_: string, name: string) => {
    const { file } = await bundleFunction(root, name, join(root, 'built'))
    return { args: [file], env: { OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' } }
  }
  const fn = await runFunction({ how: 'ours', build, name: 'call-out', otlpUrl: receiver.url, env: {} })
  ends.defer(fn.kill)
  for (let i = 0; i < 2; i++) expect((await fn.call({ method: 'GET', path: '/v1/call-out' })).status).toBe(200)
  expect(await fn.stop()).toBe(0)

  const calls = receiver.spans().filter(({ kind }) => kind === 'client')
  expect(calls.map(({ traceId, spanId }) => `00-${traceId}-${spanId}-01`)).toEqual(upstream.traceparents)
  expect(calls[0]).toMatchObject({
    name: 'HTTP',
    attributes: {
      ...{ 'http.request.method': '_OTHER', 'http.request.method_original': 'PROPFIND' },
      ...{ 'url.full': `${upstream.url}//?sig=REDACTED&q=1`, 'server.address': '127.0.0.1' },
    },
  })
})
