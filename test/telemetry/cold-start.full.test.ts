import { expect, it } from '@jest/globals'
import { FIND, statusesOf, things } from './things.ts'

const { start, receive } = things()

const ROUTE = '/v1/things/{id}'
const PARTS = ['spawn', 'load', 'ready', 'first_answer']

it('the first real request of a process is its cold start, with its parts, as span, metric and log line', async () => {
  const receiver = await receive()
  const fn = await start('find-thing', { receiver })
  // Neither the probes nor a path that no function has.
  for (const path of ['/_/health', '/_/ready', '/v1/nothing']) await statusesOf(fn, { method: 'GET', path })
  expect(await statusesOf(fn, FIND)).toEqual([200])
  expect(await statusesOf(fn, FIND, 5)).toEqual([200, 200, 200, 200, 200])
  expect(await fn.stop()).toBe(0)

  const servers = receiver.spans().filter(({ kind }) => kind === 'server')
  expect(servers.map(({ name }) => name)).toEqual(['GET', ...Array(6).fill(`GET ${ROUTE}`)])
  expect(servers.map(({ attributes }) => attributes['faas.coldstart'])).toEqual([
    ...[undefined, true],
    ...Array(5).fill(undefined),
  ])
  const parts = PARTS.map((part) => Number(servers[1]?.attributes[`ebb.cold_start.${part}_ms`]))
  expect(parts).toEqual(parts.toSorted((a, b) => a - b))
  expect(parts.every((ms) => ms > 0)).toBe(true)
  const [spawnMs, loadMs, readyMs, firstAnswerMs] = parts
  expect(fn.logged().filter(({ msg }) => msg === 'cold start')).toMatchObject([
    { coldStart: { spawnMs, loadMs, readyMs, firstAnswerMs }, route: ROUTE },
  ])

  const metric = (name: string) => {
    const [exported, ...more] = receiver.metrics().filter((one) => one.name === name)
    expect(more).toEqual([])
    return exported
  }
  const attributes = { 'http.route': ROUTE }
  expect(metric('faas.coldstarts')).toMatchObject({ type: 'counter', points: [{ attributes, value: 1 }] })
  expect(metric('faas.init_duration')).toMatchObject({
    ...{ type: 'histogram', unit: 's' },
    points: [{ attributes, count: 1, sum: expect.closeTo((readyMs ?? 0) / 1_000, 3) }],
  })
  expect(metric('ebb.cold_start.duration')).toMatchObject({
    ...{ type: 'histogram', unit: 's' },
    points: PARTS.map((part, i) => ({
      attributes: { ...attributes, 'ebb.cold_start.part': part },
      ...{ count: 1, sum: expect.closeTo((parts[i] ?? 0) / 1_000, 3) },
    })),
  })
  expect(metric('http.server.request.duration')).toMatchObject({
    ...{ type: 'histogram', unit: 's' },
    points: [
      { attributes: { 'http.request.method': 'GET', 'http.response.status_code': 404 }, count: 1 },
      { attributes: { ...attributes, 'http.request.method': 'GET', 'http.response.status_code': 200 }, count: 6 },
    ],
  })
})
