import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { beforeEach, expect, it } from '@jest/globals'
import { testDatabase } from 'ebb/testing'
import { attemptsOf, countStates, deliveriesOf, emit, emptyOutbox, query } from './test-outbox.ts'
import { closeLater, relayEnv, startSubscriber, subscription, until } from './test-support.ts'

const { url } = testDatabase()
beforeEach(() => emptyOutbox(url))

function spawnRelay(env: Record<string, string>) {
  const child = spawn(process.execPath, ['services/relay/index.ts'], { env, stdio: ['pipe', 'pipe', 'pipe'] })
  closeLater(() => child.kill('SIGKILL'))
  return child
}

const exitOf = async (child: ChildProcess) => (await once(child, 'exit')) as [number | null, string | null]
const settled = (state: string) => until(`it is ${state}`, async () => (await countStates(url))[state] === 1)

it('what a killed relay had leased is delivered again when its lease is over, and counted', async () => {
  const { received, template } = await startSubscriber((response, count) => {
    if (count > 1) response.writeHead(204).end()
  })
  const env = await relayEnv(url, template, [subscription('send-welcome', { timeoutMs: 100 })])
  const first = spawnRelay(env)
  const id = await emit(url)
  await until('it is in flight', () => received.length === 1)
  first.kill('SIGKILL')
  expect(await exitOf(first)).toEqual([null, 'SIGKILL'])
  const [lease] = await query<{ locked_until: Date }>(url, 'select locked_until from ebb.delivery')

  spawnRelay(env)
  await settled('done')
  const attempts = await attemptsOf(url, id)
  expect(attempts).toMatchObject([
    { number: 1, status: null, error: 'the relay was lost', duration_ms: 10_200 },
    { number: 2, status: 204, error: null },
  ])
  expect(Number(attempts[1]?.started_at)).toBeGreaterThanOrEqual(Number(lease?.locked_until))
  expect(received.map(({ headers }) => headers['ce-ebbattempt'])).toEqual(['1', '2'])
})

it('a delivery whose last attempt was lost with its relay is dead', async () => {
  const { received, template } = await startSubscriber(() => {})
  const retry = { attempts: 1, minDelayMs: 1, maxDelayMs: 1 }
  const env = await relayEnv(url, template, [subscription('send-welcome', { retry })])
  const first = spawnRelay(env)
  const id = await emit(url)
  await until('it is in flight', () => received.length === 1)
  first.kill('SIGKILL')
  await exitOf(first)
  await query(url, `update ebb.delivery set locked_until = now() - interval '1 ms'`)
  spawnRelay(env)
  await settled('dead')
  expect(await attemptsOf(url, id)).toMatchObject([{ number: 1, status: null, error: 'the relay was lost' }])
  expect(await deliveriesOf(url, id)).toMatchObject([{ state: 'dead', attempts: 1 }])
  expect(received).toHaveLength(1)
})

it.each(['SIGTERM', 'SIGINT', 'stdin'] as const)('at %s it settles what is in flight and exits 0', async (end) => {
  let answer = () => {}
  const { received, template } = await startSubscriber((response) => {
    answer = () => response.writeHead(204).end()
  })
  const env = await relayEnv(url, template, [subscription('send-welcome')])
  const child = spawnRelay({ ...env, EBB_PARENT: end === 'stdin' ? 'stdin' : '' })
  const output = text(child.stdout)
  await emit(url)
  await until('it is in flight', () => received.length === 1)
  const exited = exitOf(child)
  if (end === 'stdin') child.stdin.end()
  else child.kill(end)
  answer()
  expect(await exited).toEqual([0, null])
  expect(await countStates(url)).toEqual({ done: 1 })
  expect(await output).toContain('"msg":"relay ready"')
})

const NO_URL = 'must make an http or https URL, such as http://{name}.{namespace}.svc'

it('with settings that do not fit it reports that in one sentence and exits 1', async () => {
  const env = await relayEnv(url, 'http://{name}', [])
  for (const [broken, sentence] of [
    [{ DATABASE_URL: '' }, 'relay: DATABASE_URL: not set, and needed here (or DATABASE_URL_FILE)\n'],
    [{ EBB_IDENTITY_KEY: '{}' }, 'relay: EBB_IDENTITY_KEY: is not a valid private Ed25519 key (a JWK)\n'],
    [{ EBB_UPSTREAM_TEMPLATE: '{name}' }, `relay: EBB_UPSTREAM_TEMPLATE: ${NO_URL}\n`],
  ] as const) {
    const child = spawnRelay({ ...env, ...broken })
    const output = text(child.stderr)
    expect(await exitOf(child)).toEqual([1, null])
    expect(await output).toBe(sentence)
  }
})
