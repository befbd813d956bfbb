import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { copyCheckout, functionFiles } from '../support/checkout.ts'
import { spawnCli } from '../support/cli.ts'
import { startEbb, type TestEbb } from '../support/ebb.ts'
import { untilTrue } from '../support/until.ts'

let ebb: TestEbb
let checkout: Awaited<ReturnType<typeof copyCheckout>>
beforeAll(async () => {
  checkout = await copyCheckout({
    ...functionFiles('get-broken', "throw new Error('no such planet', { cause: new Error('the map is empty') })"),
    ...functionFiles('get-crash', 'return { pid: 1 }'),
    'functions/get-crash/index.ts': "throw new Error('there is no licence')",
    ...functionFiles('get-waiting', 'return { pid: 1 }'),
  })
  ebb = await startEbb({ root: checkout.root })
})
afterAll(async () => {
  await ebb.stop()
  await checkout.remove()
})

const run = async (...args: readonly string[]) => {
  const env = { EBB_HOME: ebb.folder, NO_COLOR: '1' }
  const { stdout, stderr, code } = await spawnCli(args, { root: checkout.root, env }).ended
  expect([code, stderr]).toEqual([0, ''])
  return stdout
}
const explain = (id: string) => run('explain', id)
const correlationOf = (response: Response) => response.headers.get('x-correlation-id') ?? ''

it('tells a success from the gateway to the mail, by each of its ids', async () => {
  const response = await ebb.createUser('ada@example.com')
  expect(response.status).toBe(201)
  await untilTrue(() => ebb.events.some(({ event, outcome }) => event === 'delivery' && outcome === 'done'))
  const told = await explain(correlationOf(response))
  expect(told).toMatch(/gateway +POST \/v1\/users by \w+: 201 after \d+ ms, by create-user, which had to start$/m)
  expect(told).toMatch(/relay +user\.created to send-welcome-email, attempt 1: 204 after \d+ ms, done$/m)
  expect(told).toMatch(/send-welcome-email +answers 204 after \d+ ms, its first request$/m)
  expect(told).toContain('Nothing has failed, as far as is known here.')
})

it('names what a handler threw, why, and the line of its source', async () => {
  const response = await ebb.call('GET', '/v1/get-broken', { key: '' })
  expect(response.status).toBe(500)
  const told = await explain(correlationOf(response))
  expect(told).toMatch(
    /^ {2}get-broken: Error: no such planet, caused by Error: the map is empty, at functions\/get-broken\/handler\.ts:\d+:\d+$/m,
  )
})

it('names why a function did not start', async () => {
  const response = await ebb.call('GET', '/v1/get-crash', { key: '' })
  expect(response.status).toBeGreaterThanOrEqual(500)
  expect(await explain(correlationOf(response))).toMatch(
    /^ {2}get-crash: Error: there is no licence, at functions\/get-crash\/index\.ts:1:7$/m,
  )
})

it('names the step of the gateway that ended a request', async () => {
  const response = await ebb.call('GET', '/v1/users/7', { key: '' })
  expect(await explain(correlationOf(response))).toMatch(/401 after \d+ ms, ended at the gateway: unauthenticated$/m)
})

it('says what it does not know', async () => {
  const env = { EBB_HOME: ebb.folder, NO_COLOR: '1' }
  const { stderr, code } = await spawnCli(['explain', 'nothing'], { root: checkout.root, env }).ended
  expect(code).toBe(1)
  expect(stderr).toMatch(/Nothing that can be seen here has the id nothing\. The log begins at 2\d{3}-/)
})

it('ebb logs prints the lines of one part, one level or one request, also of a process that has ended', async () => {
  const response = await ebb.call('GET', '/v1/get-broken', { key: '' })
  const id = correlationOf(response)
  const errors = await run('logs', 'get-broken', '--level', 'error', '--correlation', id)
  expect(errors).toMatch(/^\d\d:\d\d:\d\d {2}get-broken {4}request failed {2}.*\n {10}Error: no such planet\n/)
  const crash = await run('logs', 'get-crash')
  expect(crash).toContain('Error: there is no licence')
  const lines = (await run('logs', '--json', '--correlation', id)).split('\n').map((line) => JSON.parse(line))
  expect(lines.map(({ correlationId }) => correlationId)).toEqual(lines.map(() => id))
  expect(lines.length).toBeGreaterThanOrEqual(3)
})

it('ebb logs --follow goes on with what comes', async () => {
  const env = { EBB_HOME: ebb.folder, NO_COLOR: '1' }
  const following = spawnCli(['logs', 'gateway', '--follow', '--json'], { root: checkout.root, env })
  await untilTrue(() => following.lines.length > 0)
  const id = correlationOf(await ebb.call('GET', '/v1/users/8', { key: '' }))
  await untilTrue(() => following.lines.some((line) => line.includes(id)))
  await following.kill()
})
