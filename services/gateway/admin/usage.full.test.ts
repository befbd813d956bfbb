import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { createLog, inheritedEnv } from 'ebb/kernel'
import { createPool } from '../../../src/data/postgres/pool.ts'
import { testDatabase } from '../../../src/testing/index.ts'
import { ADMIN, ADMIN_KEY, gatewaySettings, startTestGateway } from '../test-support.ts'

const database = testDatabase()
const owner = createPool(database.ownerUrl, { log: createLog({ level: 'silent' }) })
afterAll(() => owner.end())

const KEY = '0190b1c4-94a5-4d2c-8f43-0a1b2c3d4e5f'
beforeAll(async () => {
  for (const row of [
    ['2026-10-31', 'acme', 'ann', 'gold', '', 100, 0],
    ['2026-11-01', 'acme', 'ann', 'gold', '', 1, 0],
    ['2026-11-30', 'acme', 'ann', 'gold', '', 2, 3],
    ['2026-11-30', 'acme', 'ann', 'gold', KEY, 4, 0],
    ['2026-11-30', '', '=cmd|calc', 'free', '', 5, 0],
    ['2026-12-01', 'acme', 'ann', 'gold', '', 100, 0],
  ])
    await owner.query('insert into ebb.usage values ($1, $2, $3, $4, $5, $6, $7)', row)
})

async function start() {
  const settings = await gatewaySettings(database.url, (_request, response) => void response.end('{}'))
  const { admin } = await startTestGateway(settings.env)
  const get = async (query: string) => {
    const response = await fetch(`${admin}/v1/usage?${query}`, { headers: ADMIN })
    return { status: response.status, body: JSON.parse(await response.text()) }
  }
  const ebb = async (...args: readonly string[]) => {
    const child = spawn(process.execPath, ['src/cli.ts', 'usage', ...args, '--admin', admin], {
      env: { ...inheritedEnv(['PATH', 'NODE_COMPILE_CACHE']), EBB_ADMIN_KEY: ADMIN_KEY },
    })
    const [out, err, [code]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
    return { out, err, code }
  }
  return { get, ebb }
}

const NOVEMBER = 'from=2026-11-01&to=2026-11-30'

it('200 what each caller has used in a period, by plan and key, or by day', async () => {
  const { get } = await start()
  const ann = { day: null, tenant: 'acme', subject: 'ann', plan: 'gold', keyId: null, requests: 3, refused: 3 }
  expect((await get(`${NOVEMBER}&tenant=acme`)).body).toEqual({
    ...{ from: '2026-11-01', to: '2026-11-30' },
    usage: [ann, { ...ann, keyId: KEY, requests: 4, refused: 0 }],
  })
  const byDay = (await get(`${NOVEMBER}&tenant=acme&byDay=true`)).body.usage
  expect(byDay.map((one: { day: string; requests: number }) => [one.day, one.requests])).toEqual([
    ...[
      ['2026-11-01', 1],
      ['2026-11-30', 2],
      ['2026-11-30', 4],
    ],
  ])
  expect((await get(`${NOVEMBER}&keyId=${KEY}`)).body.usage).toHaveLength(1)
  expect((await get('from=2026-11-31&to=2026-12-01')).status).toBe(400)
})

it('CSV of a month, in which no cell is a formula', async () => {
  const { ebb } = await start()
  expect((await ebb('--month', '2026-11', '--csv')).out).toBe(
    [
      'tenant,subject,plan,key,requests,refused',
      ",'=cmd|calc,free,,5,0",
      'acme,ann,gold,,3,3',
      `acme,ann,gold,${KEY},4,0\r\n`,
    ].join('\r\n'),
  )
  const table = await ebb('--month', '2026-11', '--subject', 'ann', '--by-day')
  expect(table.out.split('\n')[0]?.split(/ +/)).toEqual([
    'DAY',
    'TENANT',
    'SUBJECT',
    'PLAN',
    'KEY',
    'REQUESTS',
    'REFUSED',
  ])
  expect(table.out).toContain('2026-11-01  acme')
  expect((await ebb('--month', '1999-01')).out).toBe('Nothing was used from 1999-01-01 to 1999-01-31.\n')
  expect(await ebb('--month', 'May')).toMatchObject({ code: 2, err: expect.stringContaining('2026-11') })
})
