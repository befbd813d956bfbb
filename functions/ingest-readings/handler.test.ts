import { randomUUID } from 'node:crypto'
import { request } from 'node:http'
import { describe, expect, it } from '@jest/globals'
import { testFunction } from 'ebb/testing'
import ingestReadings from './handler.ts'

const fn = testFunction(ingestReadings)
const merchant = { sub: 'merchant', scopes: ['readings:write'] }

const lines = (sensor: string, count: number, special: Readonly<Record<number, object>> = {}) =>
  Array.from({ length: count }, (_, i) => {
    const measuredAt = new Date(1_800_000_000_000 + i * 1_000).toISOString()
    return `${JSON.stringify({ sensor, measuredAt, celsius: 20 + (i % 10) / 2, ...special[i + 1] })}\n`
  }).join('')

async function put(id: string, body: string, { status = 200, caller = merchant, type = 'application/x-ndjson' } = {}) {
  const agent = await fn.as(caller)
  return (await agent.put(`/v1/readings/${id}`).set('Content-Type', type).send(body).expect(status)).body
}

const storedOf = async (sensor: string) => (await fn.query('select from readings where sensor = $1', [sensor])).length
const eventsOf = (id: string) => fn.query('select type, payload from ebb.outbox where subject = $1', [id])

describe('ingest-readings', () => {
  it('200 stores every reading, and emits once', async () => {
    const id = randomUUID()
    expect(await put(id, lines('all', 3_000))).toEqual({ id, readings: 3_000 })
    expect(await storedOf('all')).toBe(3_000)
    expect(await eventsOf(id)).toEqual([
      { type: 'readings.ingested', payload: { id, readings: 3_000, number: expect.any(Number) } },
    ])
  })

  it('200 again for the same id, with no second effect, also at the same time', async () => {
    const id = randomUUID()
    const replies = await Promise.all([put(id, lines('twice', 500)), put(id, lines('twice', 500))])
    replies.push(await put(id, lines('twice', 500)))
    expect(replies).toEqual(Array(3).fill({ id, readings: 500 }))
    expect([await storedOf('twice'), (await eventsOf(id)).length]).toEqual([500, 1])
  })

  it('200 for no reading at all', async () => {
    const id = randomUUID()
    expect(await put(id, '\n')).toEqual({ id, readings: 0 })
  })

  it('400 names the line that does not fit, and nothing is stored', async () => {
    const id = randomUUID()
    const body = await put(id, lines('wrong', 3_000, { 2500: { celsius: 'warm', unit: 'C' } }), { status: 400 })
    expect(body).toMatchObject({
      error: 'invalid_request',
      details: [
        { path: 'body.2500.celsius', message: expect.stringMatching(/^Line 2500: /) },
        { path: 'body.2500.unit', message: 'Line 2500: Unknown key' },
      ],
    })
    expect([await storedOf('wrong'), await eventsOf(id)]).toEqual([0, []])
  })

  it('401 without Ebb-Identity', async () => {
    const caller = await fn.unsigned()
    await caller.put(`/v1/readings/${randomUUID()}`).set('Content-Type', 'application/x-ndjson').send('').expect(401)
  })

  it('403 without readings:write', async () => {
    await put(randomUUID(), lines('forbidden', 1), {
      status: 403,
      caller: { sub: 'customer', scopes: ['orders:write'] },
    })
  })

  it('415 for what is no NDJSON', async () => {
    await put(randomUUID(), '{}', { status: 415, type: 'application/json' })
  })

  it('422 reading_refused names the row and the column of a reading that is there, and nothing is stored', async () => {
    const id = randomUUID()
    const body = await put(id, lines('taken', 3_000, { 2500: JSON.parse(lines('taken', 1)) }), { status: 422 })
    expect(body).toMatchObject({
      error: 'reading_refused',
      message: expect.stringMatching(
        /^Nothing is stored, since of row 2500, column sensor, measured_at: duplicate key/,
      ),
    })
    expect([await storedOf('taken'), await eventsOf(id)]).toEqual([0, []])
    expect(await put(id, lines('taken', 10))).toEqual({ id, readings: 10 })
  })

  it('nothing is stored of a batch whose caller goes half-way', async () => {
    const id = randomUUID()
    const headers = { ...(await fn.headers(merchant)), 'content-type': 'application/x-ndjson' }
    const call = request(`${await fn.address()}/v1/readings/${id}`, { method: 'PUT', headers })
    const gone = new Promise((resolve) => call.on('close', resolve))
    call.on('error', () => {})
    await new Promise<void>((resolve) => call.write(lines('gone', 20_000), () => resolve()))
    call.destroy()
    await gone
    // It waits for the one before, and finds nothing of it.
    expect(await put(id, lines('gone', 5))).toEqual({ id, readings: 5 })
    expect(await storedOf('gone')).toBe(5)
  })
})
