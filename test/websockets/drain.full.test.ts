import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createServer } from 'node:http'
import { createInterface } from 'node:readline'
import { afterEach, expect, it } from '@jest/globals'
import { inheritedEnv } from 'ebb/kernel'
import { createIdentitySigners, generateIdentityKeys } from 'ebb/protocol'
import { WebSocket } from 'undici'
import { WebSocketServer } from 'ws'
import { gatewaySettings, listenForTest, startTestGateway } from '../../services/gateway/test-support.ts'
import { testDatabase } from '../../src/testing/index.ts'
import { untilTrue } from '../support/until.ts'

const database = testDatabase()
const children: ChildProcess[] = []
afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

async function open(url: string, headers: Readonly<Record<string, string>> = {}) {
  const socket = new WebSocket(url.replace('http', 'ws'), { headers })
  const messages: unknown[] = []
  const closed = Promise.withResolvers<number>()
  socket.addEventListener('message', ({ data }) => void messages.push(data))
  socket.addEventListener('close', ({ code }) => closed.resolve(code))
  await new Promise((resolve, reject) => {
    socket.addEventListener('open', resolve)
    socket.addEventListener('error', ({ error }) => reject(error))
  })
  return { socket, messages, closed: closed.promise }
}

const isListening = (url: string) =>
  fetch(`${url}/_/health`).then(
    () => true,
    () => false,
  )

async function startFunction(drainMs: number) {
  const keys = await generateIdentityKeys()
  const env = {
    PORT: '0',
    EBB_HOST: '127.0.0.1',
    EBB_IDENTITY_JWKS: JSON.stringify(keys.jwks),
    OTEL_SDK_DISABLED: 'true',
  }
  const child = spawn(process.execPath, ['test/websockets/serve-echo.ts'], {
    ...{
      env: { ...inheritedEnv(['PATH', 'NODE_COMPILE_CACHE']), ...env, EBB_DRAIN_MS: String(drainMs) },
      stdio: ['ignore', 'pipe', 'inherit'],
    },
  })
  children.push(child)
  const exited = once(child, 'exit')
  const port = await new Promise<number>((resolve) => {
    createInterface({ input: child.stdout }).on('line', (line) => {
      const { msg, port } = JSON.parse(line)
      if (msg === 'listening') resolve(port)
    })
  })
  const identity = await createIdentitySigners(keys).gateway({ sub: 'anonymous', scopes: [] }, 'echo')
  return { child, exited, url: `http://127.0.0.1:${port}`, headers: { 'ebb-identity': identity } }
}

it('1001 at once where a function ends on a laptop', async () => {
  const { child, exited, url, headers } = await startFunction(0)
  const { closed } = await open(`${url}/v1/echo`, headers)
  child.kill('SIGTERM')
  expect([await closed, await exited]).toEqual([1001, [0, null]])
})

it('a WebSocket outlives the drain of its function, until its own time is over', async () => {
  const { child, exited, url, headers } = await startFunction(100)
  const { socket, messages, closed } = await open(`${url}/v1/echo`, headers)
  child.kill('SIGTERM')
  await untilTrue(async () => !(await isListening(url)))
  socket.send('still here')
  await untilTrue(() => messages.length === 1)
  expect([await closed, await exited]).toEqual([1001, [0, null]])
})

async function startGateway(drainMs: number) {
  const server = createServer()
  const sockets = new WebSocketServer({ server })
  sockets.on('connection', (connection) => connection.on('message', (data) => connection.send(String(data))))
  const port = await listenForTest(server)
  const { env } = await gatewaySettings(database.url, () => {})
  return startTestGateway({ ...env, EBB_UPSTREAM_TEMPLATE: `http://127.0.0.1:${port}/{name}` }, { drainMs })
}

it('1001 at once where a gateway ends on a laptop', async () => {
  const { url, admin, stop } = await startGateway(0)
  const { closed } = await open(`${url}/v1/socket`)
  expect(await (await fetch(`${admin}/metrics`)).text()).toContain('ebb_websockets{function="open-socket"} 1')
  const stopped = stop()
  expect(await closed).toBe(1001)
  await stopped
})

it('a WebSocket outlives the drain of its gateway, which waits for its end', async () => {
  const { url, stop } = await startGateway(100)
  const { socket, messages, closed } = await open(`${url}/v1/socket`)
  const stopped = stop()
  await untilTrue(async () => !(await isListening(url)))
  socket.send('still here')
  await untilTrue(() => messages.length === 1)
  socket.close(1000)
  expect(await closed).toBe(1000)
  await stopped
})
