import { describe, expect, it } from '@jest/globals'
import { endpoint, event, subscriber } from 'ebb/contract'
import * as z from 'zod'
import { endpointRequest, eventRequest } from './sample-request.ts'

const put = endpoint({
  ...{ name: 'put-thing', summary: 'Keeps a thing.', method: 'PUT', path: '/v1/things/{id}', idempotent: true },
  ...{ params: z.object({ id: z.string() }), query: z.object({ dry: z.boolean().optional() }) },
  ...{ body: z.object({ id: z.string().optional(), name: z.string() }), access: { scopes: ['things:write'] } },
  reply: { status: 204 },
  examples: { lamp: { params: { id: 'a/b' }, body: { name: 'Lamp' } } },
})
const list = endpoint({
  ...{ name: 'list-things', summary: 'Things.', method: 'GET', path: '/v1/things', access: { anonymous: true } },
  ...{ query: z.object({ q: z.array(z.string()), page: z.int().optional() }), reply: { status: 204 } },
})
const thingMade = event({ type: 'thing.made', data: z.object({ name: z.string() }) })
const hear = subscriber({ name: 'hear-thing', summary: 'Hears.', on: thingMade })

describe('a request to an endpoint', () => {
  it('is its first example by default', () => {
    expect(endpointRequest(put, undefined)).toEqual({
      ...{ method: 'PUT', target: '/v1/things/a%2Fb', body: '{"name":"Lamp"}' },
      headers: { 'content-type': 'application/json', 'idempotency-key': expect.any(String) },
    })
  })

  it('has each value where the contract names it, and unknown names where they are refused', () => {
    const { target, body } = endpointRequest(put, { id: '7', name: 'Chair', dry: true, more: 1 })
    expect([target, JSON.parse(body ?? '')]).toEqual(['/v1/things/7?dry=true', { id: '7', name: 'Chair', more: 1 }])
    expect(endpointRequest(list, { q: ['a', 'b c'], more: 1 }).target).toBe('/v1/things?q=a&q=b+c&more=1')
  })

  it('is sampled without either, and has no optional parts', () => {
    expect(endpointRequest(list, undefined)).toMatchObject({ target: expect.stringMatching(/^\/v1\/things\?q=\w+/) })
    expect(endpointRequest(list, undefined).target).not.toContain('page=')
  })
})

describe('an event for a subscriber', () => {
  it('is the given CloudEvent, in binary mode', () => {
    const given = {
      specversion: '1.0',
      id: 'ü 1',
      source: '/shop',
      type: 'thing.made',
      subject: 'x',
      data: { name: 'a' },
    }
    expect(eventRequest(hear, given)).toMatchObject({
      ...{ method: 'POST', target: '/', body: '{"name":"a"}' },
      headers: { 'ce-id': '%C3%BC%201', 'ce-source': '%2Fshop', 'ce-subject': 'x', 'ce-specversion': '1.0' },
    })
  })

  it('has the given data, else sampled data', () => {
    expect(eventRequest(hear, { name: 'b' })).toMatchObject({
      body: '{"name":"b"}',
      headers: { 'ce-type': 'thing.made' },
    })
    expect(thingMade.data.safeParse(JSON.parse(eventRequest(hear, undefined).body ?? '')).success).toBe(true)
  })
})
