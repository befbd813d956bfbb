import { once } from 'node:events'
import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'
import { text } from 'node:stream/consumers'
import { expect, it } from '@jest/globals'
import * as z from 'zod'
import { untilTrue } from '../../../../test/support/until.ts'
import { contractSet, endpoint } from '../../../contract/index.ts'
import { testGateway } from '../test-support.ts'

const contracts = contractSet(
  {
    watch: endpoint({
      ...{ name: 'watch', summary: 'Watch.', method: 'GET', path: '/v1/watch', access: { anonymous: true } },
      reply: { status: 200, stream: { type: 'text/event-stream', item: z.string() } },
    }),
  },
  {},
)

/** A gateway whose function has begun a stream of events, and the means to go on with it. */
async function watch() {
  const drainer = new AbortController()
  const begun = Promise.withResolvers<ServerResponse>()
  const { url, invoked, shortCircuits } = await testGateway({
    upstream: (_request, response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream', 'ebb-revision': 'r' }).flushHeaders()
      begun.resolve(response)
    },
    dependencies: { contracts: () => contracts, draining: drainer.signal },
  })
  const get = async () => {
    const [response] = (await once(httpRequest(`${url}/v1/watch`).end(), 'response')) as [IncomingMessage]
    return response
  }
  const response = await get()
  return { response, get, upstream: await begun.promise, drain: () => drainer.abort(), invoked, shortCircuits }
}

/** Sends a part of the stream, and waits for it at the other end. */
async function pass(upstream: ServerResponse, response: IncomingMessage, part: string) {
  upstream.write(part)
  await once(response, 'readable')
  return String(response.read())
}

it.each(['\n', '\r\n', '\r'])(
  'ends at once between two events when the gateway ends (lines end with %j)',
  async (eol) => {
    const { response, upstream, drain } = await watch()
    const event = `id: 1${eol}data: "a"${eol}${eol}`
    expect(await pass(upstream, response, event)).toBe(event)
    drain()
    expect(await text(response)).toMatch(/^retry: \d+\n\n$/)
    await untilTrue(() => upstream.destroyed)
  },
)

it.each([
  ['data: "a', ['"\n', '\ndata: "b"\n\n'], '"\n\n'],
  ['data: "a"\n', ['\ndata: "b"\n\n'], '\n'],
  ['data: "a"\r\n\r', ['\ndata: "b"'], '\n'],
])('ends after the event that is being sent: %j, then %j', async (first, rest, expected) => {
  const { response, upstream, drain } = await watch()
  expect(await pass(upstream, response, first)).toBe(first)
  drain()
  for (const part of rest) upstream.write(part)
  const whole = await text(response)
  expect(whole.replace(/retry: \d+\n\n$/, '')).toBe(first.endsWith('\r') ? '' : expected)
  await untilTrue(() => upstream.destroyed)
})

it('sends whoever comes while it ends to another gateway, and calls no function', async () => {
  const { get, drain, invoked, shortCircuits, response } = await watch()
  drain()
  response.resume()
  const later = await get()
  expect([later.statusCode, later.headers['content-type']]).toEqual([200, 'text/event-stream'])
  expect(await text(later)).toMatch(/^retry: \d+\n\n$/)
  expect([invoked.length, shortCircuits]).toEqual([1, ['draining']])
})
