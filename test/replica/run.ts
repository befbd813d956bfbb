import { parseArgs } from 'node:util'
import pg from 'pg'
import { startEbb } from '../support/ebb.ts'
import { startReplica } from '../support/start-replica.ts'
import { checkOwnWrites, type Keeper } from './check-own-writes.ts'

/**
 * Callers write and read what they wrote, of a whole Ebb whose reads go to a streaming replica that keeps each commit back for
 * some time; the replica is killed and started again in the middle. Exits with 1 where a read was stale or failed.
 */
const { values } = parseArgs({
  options: {
    checks: { type: 'string', default: '10000' },
    callers: { type: 'string', default: '8' },
    'delay-ms': { type: 'string', default: '150' },
  },
})
const [checks, callers, delayMs] = [Number(values.checks), Number(values.callers), Number(values['delay-ms'])]

const pair = await startReplica({ delayMs, team: 'test/project/domain/migrations' })
const replicaUrl = Object.assign(new URL(pair.replicaAdminUrl), { pathname: '/ebb' }).href
const ebb = await startEbb({
  env: {
    DATABASE_URL: pair.primary.url,
    DATABASE_READ_URL: Object.assign(new URL(pair.primary.url), { port: new URL(replicaUrl).port }).href,
    EBB_IDLE_MS: '600000',
  },
})

/** How many transactions the replica has committed since it was started. */
async function countOnReplica(): Promise<number> {
  const client = new pg.Client({ connectionString: replicaUrl })
  await client.connect()
  const { rows } = await client.query("select xact_commit::int as n from pg_stat_database where datname = 'ebb'")
  await client.end()
  return rows[0].n
}
const saidOf = (text: string) => ebb.events.filter((event) => JSON.stringify(event).includes(text)).length
const check = async (what: string, keepers: readonly Keeper[], count: number) => {
  const onProgress = (done: number, stale: number) => {
    if (done % 1_000 === 0) console.log(`${done} checks, ${stale} stale`)
  }
  const before = await countOnReplica()
  const found = await checkOwnWrites(ebb.ready, { checks: count, callers, keepers, onProgress })
  const failures = Object.entries(Object.groupBy(found.failed, (each) => each)).map(
    ([of, all]) => `${all?.length} ${of}`,
  )
  console.log(`${what}:`, JSON.stringify({ ...found, failed: failures }))
  return { ...found, onReplica: (await countOnReplica().catch(() => before)) - before }
}

let wrong = 0
try {
  await check('warm up', ['client'], 100)
  const control = await check('a control, whose callers keep no position', ['nobody'], 200)
  if (control.stale === 0) throw new Error('nothing was ever stale, so this run would prove nothing')
  const all = await check('own writes', ['client', 'browser'], checks)
  console.log(`transactions on the replica: ${all.onReplica}`)
  await pair.kill()
  const without = await checkOwnWrites(ebb.ready, { checks: 200, callers, keepers: ['client', 'browser'] })
  console.log('the replica killed:', JSON.stringify(without))
  await pair.restart()
  const back = await check('the replica started again', ['client', 'browser'], 500)
  console.log(`transactions on the replica: ${back.onReplica}`)
  console.log(`said that it does not respond: ${saidOf('the read replica does not respond')} times`)
  wrong = [all, without, back].reduce((sum, { stale, failed }) => sum + stale + failed.length, 0)
  console.log(wrong === 0 ? '0 stale, 0 failed' : `${wrong} stale or failed`)
} finally {
  await ebb.stop()
  await pair.stop()
}
process.exitCode = wrong === 0 ? 0 : 1
