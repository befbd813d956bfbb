import { rm } from 'node:fs/promises'
import { expect, it } from '@jest/globals'
import { spawnCli } from '../support/cli.ts'
import { findProcesses, readMails, startEbb } from '../support/ebb.ts'
import { untilTrue } from '../support/until.ts'

it('ebb invoke uses the database of the Ebb that runs here, whose relay delivers what it emits', async () => {
  const ebb = await startEbb()
  const env = { EBB_HOME: ebb.folder }
  const create = ['invoke', 'create-user', '--data', '{"email":"ada@example.com","name":"Ada"}', '--json']
  const created = await spawnCli(create, { env }).ended
  const { status, reply } = JSON.parse(created.stdout)
  expect(status).toBe(201)
  const shown = await ebb.call('GET', `/v1/users/${reply.id}`, { key: ebb.ready.keys.merchant ?? '' })
  expect(await shown.json()).toEqual(reply)
  await untilTrue(async () => (await readMails(ebb.folder)).size === 1)
  // One that is killed leaves word of itself behind.
  await ebb.kill()
  // Postgres writes down what it has, which takes its time on a busy disk.
  await untilTrue(async () => (await findProcesses(ebb.folder)).length === 0, {
    what: 'the end of all',
  })
  const { code, stderr } = await spawnCli(create, { env }).ended
  expect([code, stderr]).toEqual([1, expect.stringContaining('create-user needs a database')])
  await rm(ebb.folder, { recursive: true })
})
