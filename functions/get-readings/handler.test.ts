import { beforeAll, describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import getReadings from './handler.ts'

const fn = testFunction(getReadings)
const merchant = { sub: 'merchant', scopes: ['readings:read'] }

beforeAll(async () => {
  // More than two pages, written in no order.
  await fn.query(`
    insert into readings (batch, sensor, measured_at, celsius)
    select 1, 'sensor-' || i % 3, '2026-01-01T00:00:00Z'::timestamptz + make_interval(secs => i), i % 40
    from generate_series(1, 12000) as i order by hashint4(i)`)
  await fn.query(`insert into reading_hours values ('sensor-1', '2026-01-01T01:00:00Z', 4, 50)`)
})

async function get(query: Record<string, string>) {
  const url = `${await fn.address()}/v1/readings?${new URLSearchParams(query)}`
  const response = await fetch(url, { headers: await fn.headers(merchant) })
  expect(response.status).toBe(200)
  const lines = (await response.text()).split('\n').filter((line) => line !== '')
  return lines.map((line): { sensor: string; measuredAt: string; celsius: number } => JSON.parse(line))
}

describe('get-readings', () => {
  it('200 streams each reading once, by sensor and time', async () => {
    const found = await get({})
    expect(found).toHaveLength(12_000)
    const keys = found.map(({ sensor, measuredAt }) => `${sensor} ${measuredAt}`)
    expect([...new Set(keys)].sort()).toEqual(keys)
    expect(found[0]).toEqual({ sensor: 'sensor-0', measuredAt: '2026-01-01T00:00:03.000000Z', celsius: 3 })
  })

  it('200 with those of a sensor and a time', async () => {
    const found = await get({ sensor: 'sensor-1', from: '2026-01-01T00:00:04Z', to: '2026-01-01T00:00:10Z' })
    expect(found.map(({ celsius }) => celsius)).toEqual([4, 7])
  })

  it('200 with the mean of each hour', async () => {
    expect(await get({ every: 'hour' })).toEqual([
      { sensor: 'sensor-1', measuredAt: '2026-01-01T01:00:00.000000Z', celsius: 12.5 },
    ])
  })

  it('400 for a time that is none', async () => {
    const agent = await fn.as(merchant)
    const { body } = await agent.get('/v1/readings').query({ from: 'yesterday' }).expect(400)
    expect(body.details).toMatchObject([{ path: 'query.from' }])
  })

  it('401 without Ebb-Identity', async () => {
    const caller = await fn.unsigned()
    await caller.get('/v1/readings').expect(401)
  })

  it('403 without readings:read', async () => {
    const agent = await fn.as({ sub: 'customer', scopes: ['orders:write'] })
    await agent.get('/v1/readings').expect(403)
  })
})
