import { expect, it } from '@jest/globals'
import { endpoint } from 'ebb/contract'
import { type HttpResponse, http, postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import * as z from 'zod'
import { testFunction } from './index.ts'

const contract = endpoint({
  ...{ name: 'note-weather', summary: 'Notes the weather.', method: 'POST', path: '/v1/weather', access: {} },
  body: z.object({ city: z.string() }),
  reply: { status: 200, body: z.object({ celsius: z.number() }) },
  failures: { unknown_city: 404 },
  emits: { 'weather.noted': z.object({ city: z.string() }), 'weather.asked': z.object({}) },
  egress: ['weather.example.com:443'],
})
const handler = implement(contract, { sql: postgres, http }, async ({ body: { city } }, { http, emit, fail }) => {
  await emit('weather.asked', {})
  await emit('weather.noted', { city }, { subject: city })
  const found = await http.get(`https://weather.example.com/${city}`)
  if (found.status === 404) throw fail('unknown_city', 'There is no such city.')
  return found.json(z.object({ celsius: z.number() }))
})

const asked: string[] = []
const get = async (url: string | URL) => {
  asked.push(String(url))
  const status = String(url).endsWith('/Atlantis') ? 404 : 200
  // Of a response, the handler reads these two.
  return { status, json: () => ({ celsius: 7 }) } as unknown as HttpResponse
}
const fn = testFunction(handler, { uses: { http: { get } } })
const other = testFunction(handler, { database: fn.database })
const ask = async (city: string) => (await fn.as({ sub: 'ada' })).post('/v1/weather').send({ city })

it('has a stub in the place of a resource', async () => {
  expect((await ask('Bergen')).body).toEqual({ celsius: 7 })
  expect(asked).toEqual(['https://weather.example.com/Bergen'])
})

it('shows what was emitted since the last look, and nothing of what was rolled back', async () => {
  await fn.emitted()
  expect((await ask('Atlantis')).status).toBe(404)
  await ask('Bergen')
  const both = [
    { type: 'weather.asked', data: {} },
    { type: 'weather.noted', data: { city: 'Bergen' }, subject: 'Bergen' },
  ]
  expect(await fn.emitted()).toEqual(both)
  expect(await fn.emitted()).toEqual([])
})

it('may run on the database of another one', async () => {
  await fn.query('create table shared (n int)')
  expect(await other.query('select n from shared')).toEqual([])
})
