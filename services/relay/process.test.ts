import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import { expect, it } from '@jest/globals'
import { inheritedEnv } from 'ebb/kernel'
import { testDatabase } from 'ebb/testing'
import { startOtlpReceiver } from '../../test/support/otlp-receiver.ts'
import { emit } from './test-outbox.ts'
import { closeLater, relayEnv, startSubscriber, subscription, until } from './test-support.ts'

const { url } = testDatabase()

it.each(['SIGTERM', 'SIGINT'] as const)(
  'at %s the spans of what was in flight are exported before it ends',
  async (signal) => {
    const receiver = await startOtlpReceiver()
    closeLater(receiver.close)
    let answer = () => {}
    const { received, template } = await startSubscriber((response) => {
      answer = () => response.writeHead(204).end()
    })
    const env = {
      ...{
        ...inheritedEnv(['PATH', 'HOME', 'NODE_COMPILE_CACHE']),
        ...(await relayEnv(url, template, [subscription('send-welcome')])),
      },
      ...{
        EBB_HOST: '127.0.0.1',
        EBB_ADMIN_PORT: '0',
        OTEL_SERVICE_NAME: 'relay',
        OTEL_NODE_RESOURCE_DETECTORS: 'env',
      },
      ...{ OTEL_EXPORTER_OTLP_ENDPOINT: receiver.url, OTEL_EXPORTER_OTLP_PROTOCOL: 'http/json' },
      ...{ OTEL_METRICS_EXPORTER: 'none', OTEL_LOGS_EXPORTER: 'none', OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'http' },
      // Nothing goes before it ends.
      OTEL_BSP_SCHEDULE_DELAY: '600000',
    }
    const register = ['--require', '@opentelemetry/auto-instrumentations-node/register']
    const child = spawn(process.execPath, [...register, 'services/relay/index.ts'], { env })
    closeLater(() => child.kill('SIGKILL'))
    const listening = Promise.withResolvers<{ adminPort: number }>()
    createInterface({ input: child.stdout }).on('line', (text) => {
      const line = JSON.parse(text)
      if (line.msg === 'listening') listening.resolve(line)
    })
    const { adminPort } = await listening.promise
    const id = await emit(url)
    await until('it is in flight', () => received.length === 1)
    const exited = once(child, 'exit')
    child.kill(signal)
    await until('it drains', async () => (await fetch(`http://127.0.0.1:${adminPort}/_/ready`)).status === 503)
    answer()
    expect(await exited).toEqual([0, null])

    expect(received[0]?.headers).toMatchObject({ 'ce-id': id })
    const spans = receiver.spans().filter(({ resource }) => resource['service.name'] === 'relay')
    const calls = spans.filter(({ kind, attributes }) => kind === 'client' && 'url.full' in attributes)
    expect(calls).toMatchObject([{ attributes: { 'http.response.status_code': 204 } }])
    // Probes are no work of the relay's.
    expect(spans.filter(({ kind }) => kind === 'server')).toEqual([])
  },
)
