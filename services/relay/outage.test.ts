import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import { migrate } from '../../src/data/migrate/migrate.ts'
import { startPostgres } from '../../src/dev/postgres/index.ts'
import { TEST_PROJECT } from '../../test/support/project.ts'
import { attemptsOf, countStates, emit } from './test-outbox.ts'
import { closeLater, startSubscriber, startTestRelay, subscription, until } from './test-support.ts'

it('works again when Postgres comes back: what was answered meanwhile is settled, and nothing is sent twice', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-outage-'))
  let postgres = await startPostgres(folder)
  closeLater(async () => {
    await postgres.stop()
    await rm(folder, { recursive: true })
  })
  const { url } = postgres
  await migrate(url, { platform: 'src/data/migrations', team: join(TEST_PROJECT, 'domain/migrations') })

  let answer = () => {}
  const { received, template } = await startSubscriber((response) => {
    answer = () => response.writeHead(204).end()
  })
  const { log, admin } = await startTestRelay(url, template, {
    subscriptions: [subscription('send-welcome')],
    pollMs: 50,
  })
  const statusOf = async (path: string) => (await fetch(admin + path)).status
  expect(await statusOf('/_/ready')).toBe(200)
  expect(await (await fetch(`${admin}/metrics`)).text()).toContain('ebb_backlog_size{kind="event"} 0')
  const before = await emit(url)
  await until('the first is in flight', () => received.length === 1)
  await postgres.stop()
  answer()
  await until('the outage is noticed', () => log.count('a poll failed; the relay tries again') === 1)
  const refused = await fetch(`${admin}/_/ready`)
  expect([refused.status, refused.headers.get('retry-after')]).toEqual([503, '2'])
  expect(await refused.json()).toMatchObject({ status: 503, error: 'unavailable' })
  expect(await statusOf('/_/health')).toBe(200)
  const metrics = await (await fetch(`${admin}/metrics`)).text()
  expect(metrics).toContain('\nebb_database_up 0\n')
  // What is not known has no value; 0 would be a statement.
  expect(metrics).not.toMatch(/^ebb_(dead_letters|backlog_size|backlog_age_seconds)\b/m)
  postgres = await startPostgres(folder, { port: Number(new URL(url).port) })
  await until('it is back', () => log.count('relay recovered') === 1)
  expect(await statusOf('/_/ready')).toBe(200)
  const after = await emit(url)
  await until('the second is in flight', () => received.length === 2)
  answer()
  await until('both are done', async () => (await countStates(url)).done === 2)

  expect(received.map(({ headers }) => headers['ce-id'])).toEqual([before, after])
  expect(await attemptsOf(url, before)).toMatchObject([{ number: 1, status: 204 }])
  expect(log.count('a poll failed; the relay tries again')).toBe(1)
  expect(log.count('the database channel is down')).toBe(1)
  expect(log.deliveries().map(({ outcome }) => outcome)).toEqual(['done', 'done'])
})
