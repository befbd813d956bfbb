import { randomUUID } from 'node:crypto'
import { describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import summariseReadings from './handler.ts'

const fn = testFunction(summariseReadings)

const ingested = (number: number) => ({
  id: randomUUID(),
  type: 'readings.ingested',
  data: { id: randomUUID(), readings: 2, number },
})
const store = (batch: number, sensor: string, at: string, celsius: number) =>
  fn.query('insert into readings (batch, sensor, measured_at, celsius) values ($1, $2, $3, $4)', [
    ...[batch, sensor, at, celsius],
  ])
const hoursOf = (sensor: string) =>
  fn.query(
    `select to_char(hour at time zone 'UTC', 'HH24:MI') as hour, readings::int, total_celsius
     from reading_hours where sensor = $1 order by 1`,
    [sensor],
  )

describe('summarise-readings', () => {
  it('204 adds several batches to their hours, each once, however often it is delivered', async () => {
    await store(1, 'a', '2026-01-01T10:00:00Z', 10)
    await store(1, 'a', '2026-01-01T10:59:59.999Z', 20)
    await store(2, 'a', '2026-01-01T10:30:00Z', 30)
    await store(2, 'a', '2026-01-01T11:00:00Z', 40)
    await store(3, 'a', '2026-01-01T12:00:00Z', 50)
    const [one, two] = [ingested(1), ingested(2)]
    for (const events of [[one, two], [two, one], [one]]) {
      const response = await fn.deliverBatch(events)
      expect([200, 204]).toContain(response.status)
    }
    expect(await hoursOf('a')).toEqual([
      { hour: '10:00', readings: 3, total_celsius: 60 },
      { hour: '11:00', readings: 1, total_celsius: 40 },
    ])
  })

  it('401 without Ebb-Identity', async () => {
    const caller = await fn.unsigned()
    await caller.post('/').send({}).expect(401)
  })

  it('403 for events that the relay did not send', async () => {
    const response = await fn.deliver(ingested(3), { from: { sub: 'relay' } })
    expect([response.status, await hoursOf('b')]).toEqual([403, []])
  })
})
