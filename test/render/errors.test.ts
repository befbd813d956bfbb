import { describe, expect, it } from '@jest/globals'
import { type EndpointShape, endpoint } from 'ebb/contract'
import * as z from 'zod'
import { RenderError, type RenderOptions, render } from '../../src/deploy/render/index.ts'
import { byName, fixture, OPTIONS, SERVICES } from './fixture.ts'

const contract = (name: string, parts: Partial<EndpointShape> = {}) =>
  endpoint({
    ...{ name, summary: 'A test.', method: 'GET', path: `/v1/${name}`, access: {} },
    reply: { status: 200, body: z.object({}) },
    ...parts,
  } as EndpointShape)

/** The sentences of the refusal; none where there is none. */
function sentencesOf(contracts: readonly EndpointShape[], options: Partial<RenderOptions> = {}): readonly string[] {
  try {
    render(byName(...(contracts as never[])), { ...OPTIONS, ...options })
    return []
  } catch (error) {
    if (!(error instanceof RenderError)) throw error
    return error.message.split('\n')
  }
}

const one = (parts: Partial<EndpointShape>, options: Partial<RenderOptions> = {}) =>
  sentencesOf([contract('a', parts)], options)
const few = (count: number, parts: Partial<EndpointShape> = {}) =>
  Array.from({ length: count }, (_, i) =>
    contract(`f${String(i + 1).padStart(2, '0')}`, { scale: { max: 1 }, ...parts }),
  )

describe('Knative cannot', () => {
  it('grant a request longer than its own limit', () => {
    expect(one({ timeoutMs: 560_000 })).toEqual([])
    expect(one({ timeoutMs: 560_001 })).toEqual([
      'functions/a/contract.ts: timeoutMs: Knative ends a request after 600 s, 40 of them for the end of an instance: 560000 is the most, not 560001',
    ])
  })

  it('give an instance more than a thousand requests', () => {
    expect(one({ scale: { concurrency: 1_000 } })).toEqual([])
    expect(one({ scale: { concurrency: 1_001 } })).toEqual([
      'functions/a/contract.ts: scale.concurrency: Knative gives an instance 1000 requests at a time at most, not 1001',
    ])
  })
})

describe('OpenFaaS CE cannot', () => {
  const leaveOut = 'leave it out there with `targets: { openfaas: false }`'

  it.each<[string, Partial<EndpointShape>, string]>([
    [
      'keep more than five',
      { scale: { min: 6 } },
      `scale.min: OpenFaaS CE runs 5 instances at most, not 6; ${leaveOut}`,
    ],
    [
      'take a target',
      { scale: { target: 5 } },
      `scale.target: OpenFaaS CE refuses a function with a target; ${leaveOut}`,
    ],
    [
      'close a function off',
      { egress: ['api.example.com:443'] },
      `egress: OpenFaaS CE does not keep a function from calling other hosts; ${leaveOut}`,
    ],
    [
      'name each secret',
      { secrets: ['KEY_'] },
      'secrets: OpenFaaS CE cannot name a secret "key-", as it would name KEY_',
    ],
  ])('%s', (_, parts, sentence) => {
    expect(one(parts)).toEqual([`functions/a/contract.ts: ${sentence}`])
    expect(one({ ...parts, targets: { openfaas: false } })).toEqual([])
  })

  it('run more than fifteen functions, and Pro can', () => {
    expect(sentencesOf(few(15))).toEqual([])
    expect(sentencesOf([...few(15), contract('x', { targets: { openfaas: false } })])).toEqual([])
    expect(sentencesOf(few(17))).toEqual([
      'functions/{f16,f17}/contract.ts: targets.openfaas: OpenFaaS CE runs 15 functions at most, and 17 are for it: 2 too many; ' +
        'leave some out with `targets: { openfaas: false }`, or render for Pro with --openfaas pro',
    ])
    expect(sentencesOf(few(17), { openfaas: 'pro' })).toEqual([])
  })

  it('what Pro can: minimum scale and targets, but still no egress', () => {
    const openfaas = 'pro'
    expect(one({ scale: { min: 6, target: 5 } }, { openfaas })).toEqual([])
    expect(one({ egress: ['api.example.com:443'] }, { openfaas })).toEqual([
      `functions/a/contract.ts: egress: OpenFaaS does not keep a function from calling other hosts; ${leaveOut}`,
    ])
  })
})

describe('Postgres cannot', () => {
  it('take more connections than it has, and it is said by how many', () => {
    const contracts = [contract('a', { scale: { max: 100 } }), contract('b', { scale: { max: 40 } })]
    const uses = { a: ['postgres'], b: ['postgres'] } as const
    expect(sentencesOf(contracts, { uses })).toEqual([
      'functions/*/contract.ts: scale.max: Postgres takes 500 connections, 131 too few: during a rollout there are ' +
        '2 x (140 instances x 2 + 3 gateways x 6 + 2 relays x 6) + migration 1 + reserve 10 = 631 connections. ' +
        'Lower scale.max (a 100, b 40), or --pool, or raise max_connections and pass it as --max-connections',
    ])
    expect(sentencesOf(contracts, { uses, maxConnections: 631 })).toEqual([])
    expect(sentencesOf(contracts, { uses, maxConnections: 630 })).toHaveLength(1)
    expect(sentencesOf(contracts, { uses, poolMax: 1 })).toEqual([])
    expect(sentencesOf(contracts, { uses: { ...uses, b: ['redis'] } })).toEqual([])
    // One more for each instance that uses objects.
    const storing = { ...uses, b: ['postgres', 'objects'] } as const
    expect(sentencesOf(contracts, { uses: storing, maxConnections: 711 })).toEqual([])
    expect(sentencesOf(contracts, { uses: storing, maxConnections: 710 })).toHaveLength(1)
  })
})

describe('no cluster can', () => {
  it.each(SERVICES)('have a function in the place of the %s', (name) => {
    expect(sentencesOf([contract(name)])).toEqual([
      `functions/${name}/contract.ts: name: every cluster has a part of the platform under this name`,
    ])
  })

  it.each(['DATABASE_URL', 'EBB_POOL_MAX', 'OTEL_SERVICE_NAME', 'PORT'])('give a function a secret %s', (secret) => {
    expect(one({ secrets: [secret] })).toEqual([
      `functions/a/contract.ts: secrets: every cluster sets ${secret} by itself; give the secret another name`,
    ])
  })

  it('run a service that nothing renders', () => {
    expect(sentencesOf([], { services: [...SERVICES, 'billing'] })).toEqual([
      'services/billing: nothing renders it for Kubernetes yet; add it to src/deploy/render',
    ])
  })
})

it('all of it is said at once', () => {
  const parts = { timeoutMs: 600_000, scale: { min: 6, target: 1 }, egress: ['a.example:1'], secrets: ['PORT'] }
  const found = [...one(parts), ...sentencesOf([contract('a', parts), contract('b', parts)])]
  expect(found).toHaveLength(5 + 10)
})

it('contracts that contradict each other are refused as elsewhere', () => {
  const twice = [contract('a', { path: '/v1/same' }), contract('b', { path: '/v1/same' })]
  expect(() => sentencesOf(twice)).toThrow('functions/a already answers GET /v1/same')
})

it('nothing is refused of what every target can', () => {
  expect(sentencesOf(Object.values(fixture) as never[])).toEqual([])
})
