import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { afterAll, beforeEach, expect, it } from '@jest/globals'
import { createLog, inheritedEnv } from 'ebb/kernel'
import { forgetCost } from '../../../src/data/cost/read-cost.ts'
import { recordInstance } from '../../../src/data/cost/record-instance.ts'
import { createPool } from '../../../src/data/postgres/pool.ts'
import { testDatabase } from '../../../src/testing/index.ts'
import { databaseUrlFor } from '../../../src/testing/test-database.ts'
import { ADMIN, ADMIN_KEY, gatewaySettings, startTestGateway } from '../test-support.ts'

// Hooks run in the order in which they are declared: the pools let go before the database is dropped.
const pools: { end(): Promise<void> }[] = []
afterAll(() => Promise.all(pools.map((pool) => pool.end())))
const database = testDatabase()
const open = (url: string) => {
  const pool = createPool(url, { log: createLog({ level: 'silent' }) })
  pools.push(pool)
  return pool
}
const owner = open(database.ownerUrl)
beforeEach(() => owner.query('truncate ebb.instance_hour, ebb.call_hour, ebb.call_minute'))

const INSTANCE = { name: 'get-public', cpuMilli: 50, memoryMib: 96 }

async function start() {
  const { env } = await gatewaySettings(database.url, (_request, response) => void response.end('{"a":1}'))
  const gateway = await startTestGateway(env)
  const cost = async (query = '') => {
    const response = await fetch(`${gateway.admin}/v1/cost${query}`, { headers: ADMIN })
    return { status: response.status, body: JSON.parse(await response.text()) }
  }
  return { ...gateway, cost }
}

it('200 what a gateway has counted, whose it was, and what it answered itself; written when it ends at the latest', async () => {
  const first = await start()
  for (const path of ['public', 'public', 'things', 'nothing']) await (await fetch(`${first.url}/v1/${path}`)).text()
  await first.stop()
  const { cost } = await start()
  const { body } = await cost()
  const of = (name: string) => body.functions.find((one: { name: string }) => one.name === name)
  expect(of('get-public')).toMatchObject({ requests: 2, calls: 2, avoided: 0, bytes: 14, cost: { total: null } })
  expect(of('get-thing')).toMatchObject({ requests: 1, calls: 0, avoided: 1 })
  expect(body.functions).toHaveLength(2)
  expect(body.services[0]).toMatchObject({ name: 'gateway', instances: 1 })
  const { rows } = await owner.query('select function, size, began from ebb.call_minute')
  const own = rows.filter((row) => row.function === 'get-public')
  expect(own.reduce((total, { size }) => total + size, 0)).toBe(2)
  expect(own.flatMap(({ began }) => began.filter((_: number, i: number) => i % 2 === 1))).not.toContain(0)
})

it('functions add what they have used, and may read nothing of it', async () => {
  const functions = open(databaseUrlFor('functions', database.url))
  const other = open(databaseUrlFor('functions', database.url))
  const use = { starting: 1, busy: 2, idle: 3, cpu: 0.5 }
  await recordInstance(functions, INSTANCE, use)
  await recordInstance(functions, INSTANCE, { ...use, idle: 10 })
  await recordInstance(other, { ...INSTANCE, memoryMib: 192 }, use)
  await expect(functions.query('select from ebb.instance_hour')).rejects.toThrow('permission denied')
  const { cost } = await start()
  const [used] = (await cost()).body.functions
  expect(used).toMatchObject({ name: 'get-public', instances: 2, seconds: { starting: 2, busy: 4, idle: 13, warm: 0 } })
  expect(used.databaseSeconds).toBeGreaterThan(0)
  await owner.query(`update ebb.instance_hour set hour = hour - interval '93 days' where hour > '-infinity'`)
  const client = await owner.connect()
  await forgetCost(client, { hoursDays: 92, minutesDays: 7 })
  client.release()
  expect((await owner.query('select sum(busy_seconds) as busy from ebb.instance_hour')).rows).toEqual([{ busy: 4 }])
})

it('400 a period that ends before it begins, or is longer than a quarter', async () => {
  const { cost } = await start()
  for (const query of ['?from=2026-11-30T00:00:00Z&to=2026-11-29T00:00:00Z', '?from=2026-01-01T00:00:00Z', '?from=May'])
    expect((await cost(query)).status).toBe(400)
  expect((await cost('?from=2026-11-01T00:30:00Z&to=2026-11-01T01:10:00Z')).body).toMatchObject({
    ...{ from: '2026-11-01T00:00:00.000Z', to: '2026-11-01T02:00:00.000Z', functions: [], cost: null },
  })
})

it('prints a table, or CSV, and says what is missing', async () => {
  await recordInstance(open(databaseUrlFor('functions', database.url)), INSTANCE, {
    starting: 1,
    busy: 2,
    idle: 3,
    cpu: 1,
  })
  const { admin } = await start()
  const ebb = async (...args: readonly string[]) => {
    const child = spawn(process.execPath, ['src/cli.ts', 'cost', ...args, '--admin', admin], {
      env: { ...inheritedEnv(['PATH', 'NODE_COMPILE_CACHE']), EBB_ADMIN_KEY: ADMIN_KEY },
    })
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
    return { out, err, code }
  }
  expect((await ebb('--last', '24h', '--csv')).out).toBe(
    [
      'function,requests,calls,cold_starts,busy_s,starting_s,idle_s,warm_s,cost,saved,currency',
      'get-public,0,0,0,2,1,3,0,,,\r\n',
    ].join('\r\n'),
  )
  const { out } = await ebb()
  expect(out.split('\n')[0]?.split(/ {2,}/)).toEqual([
    ...[
      'FUNCTION',
      'REQUESTS',
      'CALLS',
      'COLD STARTS',
      'BUSY (S)',
      'STARTING (S)',
      'IDLE (S)',
      'WARM (S)',
      'COST',
      'SAVED',
    ],
  ])
  expect(out).toContain('declare prices in domain/prices.ts')
  expect(await ebb('--last', '93d')).toMatchObject({ code: 2, err: expect.stringContaining('up to 92d') })
})

it('200 what recorded calls would have cost with another contract, 404 of an unknown function', async () => {
  const first = await start()
  for (let i = 0; i < 3; i++) await (await fetch(`${first.url}/v1/public`)).text()
  await first.stop()
  const { cost } = await start()
  const { body } = await cost('/what-if?function=get-public&min=1')
  expect(body).toMatchObject({ function: 'get-public', currency: null, simulated: { calls: 3, coldStarts: 1 } })
  expect(body.changed).toMatchObject({ calls: 3, coldStarts: 0, cost: null, p99Ms: expect.any(Number) })
  const { body: cached } = await cost('/what-if?function=get-public&maxAgeSeconds=3600')
  expect(cached.changed).toMatchObject({ calls: 1 })
  expect((await cost('/what-if?function=nothing')).status).toBe(404)
  expect((await cost('/what-if?function=get-public&warm=8-18')).status).toBe(400)
})
