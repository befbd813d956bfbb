import { rm } from 'node:fs/promises'
import { afterEach, expect, it } from '@jest/globals'
import { spawnCli } from '../support/cli.ts'
import { startEbb, type TestEbb } from '../support/ebb.ts'

let started: TestEbb | undefined
afterEach(async () => {
  await started?.kill()
  if (started) await rm(started.folder, { recursive: true, force: true })
})

it('ebb explain-route says what the gateway of the laptop would do, and starts no function', async () => {
  const ebb = await startEbb()
  started = ebb
  const env = { EBB_HOME: ebb.folder, NO_COLOR: '1' }
  const explain = async (...args: readonly string[]) => {
    const { stdout, stderr, code } = await spawnCli(['explain-route', ...args], { env }).ended
    expect([code, stderr]).toEqual([0, ''])
    return stdout
  }
  expect(await explain('GET', '/v1/users/7')).toContain('The gateway answers by itself: 401 unauthenticated.')
  const body = ['--body', '{"email":"nope"}', '--header', 'Idempotency-Key: 1']
  const invalid = await explain('POST', '/v1/users', '--as', 'merchant', ...body)
  expect(invalid).toMatch(/^passes +route +POST \/v1\/users is create-user\.$/m)
  expect(invalid).toMatch(/^answers +validate /m)
  expect(invalid).toMatch(/^ {2}body\.email: /m)
  const user = '/v1/users/00000000-0000-4000-8000-000000000000'
  const forwarded = JSON.parse(await explain('GET', user, '--as', 'ada', '--json'))
  expect(forwarded).toMatchObject({
    route: 'get-user',
    outcome: null,
    forwardsTo: expect.stringMatching(/\/v1\/users\/[0-9a-f-]+$/),
  })
  const functions = await ebb.functions()
  expect(functions.reduce((sum, { coldStarts }) => sum + coldStarts, 0)).toBe(0)
  const level = await spawnCli(['log-level', 'set', 'warn', '--for', '60'], { env }).ended
  expect(level.stdout).toMatch(/^warn until .*Z, then /)
})
