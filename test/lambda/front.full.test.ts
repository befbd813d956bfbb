import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { request } from 'node:http'
import { createInterface } from 'node:readline'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { inheritedEnv } from 'ebb/kernel'
import { JWKS } from './on-lambda.ts'

const SCRIPT = `import { front } from './test/lambda/front.ts'\nfront('test/lambda/functions/say-hello/index.ts')`
const closers: (() => unknown)[] = []
let port: number
beforeAll(async () => {
  const child = spawn(process.execPath, ['--input-type=module', '--eval', SCRIPT], {
    env: {
      ...{ ...inheritedEnv(['PATH', 'HOME', 'TMPDIR']), PORT: '0', EBB_HOST: '127.0.0.1', EBB_PARENT: 'stdin' },
      ...{ EBB_IDENTITY_JWKS: JWKS, OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' },
    },
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  closers.push(() => child.kill('SIGKILL'))
  const [line] = await once(createInterface({ input: child.stdout }), 'line')
  port = JSON.parse(String(line)).port
})
afterAll(() => {
  for (const close of closers) close()
})

it('goes on where a body does not come whole, and invokes nothing for it', async () => {
  const cut = request({ port, host: '127.0.0.1', method: 'POST', path: '/v1/hello', headers: { 'content-length': 10 } })
  const closed = new Promise((resolve) => cut.on('error', () => {}).on('close', resolve))
  cut.write('half', () => cut.destroy())
  await closed
  // It is no request of a gateway's, so that its function refuses it.
  const signal = AbortSignal.timeout(30_000)
  expect((await fetch(`http://127.0.0.1:${port}/v1/hello`, { signal })).status).toBe(401)
})
