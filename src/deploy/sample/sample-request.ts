import { randomUUID } from 'node:crypto'
import type * as z from 'zod'
import {
  type AuthorizerContract,
  type EndpointContract,
  type Example,
  type FunctionContract,
  jsonBodyOf,
  mediaTypesOf,
  type ReceiverContract,
  toInput,
  toOutput,
  versionedType,
  versionOf,
} from '../../contract/index.ts'
import { ConfigError } from '../../kernel/index.ts'
import type { JudgementRequest } from '../../protocol/index.ts'
import { createRandom, type Random } from './random.ts'
import { sampleStreamedBody } from './sample-stream.ts'
import { createSampler, SampleError } from './sampler.ts'

interface SampleRequest {
  /** Path and query. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  /** JSON, a stream or a form; undefined if there is none. */
  readonly body: string | undefined
  /** The media type of the body. */
  readonly contentType: string
}

/**
 * A valid request to an endpoint: from `given`, else from the contract's first example with a request, else sampled, without
 * optional parts. Throws a SampleError if no value can be sampled.
 */
export function sampleRequest(contract: EndpointContract, random: Random, given: Example = {}): SampleRequest {
  try {
    return buildRequest(contract, random, given)
  } catch (cause) {
    if (!(cause instanceof SampleError)) throw cause
    const reason = `no valid request to ${contract.name} could be sampled (${cause.message}): give its contract an example`
    throw new SampleError(reason, { cause })
  }
}

function buildRequest(contract: EndpointContract, random: Random, given: Example): SampleRequest {
  const { params, query, headers, cookies, conditional, method, examples = {}, path } = contract
  const body = jsonBodyOf(contract)
  const streamed = sampleStreamedBody(contract, random)
  const first = Object.values(examples).find((one) => one.params ?? one.query ?? one.body)
  const fixed = { ...first, ...given }
  const values = { ...requiredValues(params, random), ...fixed.params }
  const queryValues = fixed.query ?? requiredValues(query, random)
  const search = new URLSearchParams(
    Object.entries(queryValues).flatMap(([name, value]) => [value].flat().map((one) => [name, String(one)])),
  )
  const bodyValue = fixed.body ?? (body && createSampler(toInput(body))(random))
  const text = bodyValue === undefined ? undefined : JSON.stringify(bodyValue)
  return {
    target:
      path.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(String(values[name]))) +
      (search.size > 0 ? `?${search}` : ''),
    headers: {
      ...Object.fromEntries(
        Object.entries(requiredValues(headers, random)).map(([name, value]) => [name, String(value)]),
      ),
      ...cookieHeader(requiredValues(cookies, random)),
      // Any version that is there.
      ...(conditional === true && method !== 'GET' ? { 'if-match': '*' } : {}),
    },
    body: streamed?.body ?? text,
    contentType: streamed?.contentType ?? (body && text !== undefined ? contentTypeOf(body, text) : 'application/json'),
  }
}

/** As what a body is sent: where both kinds of patches are taken, JSON Patch is the one that is a list. */
function contentTypeOf(schema: z.ZodType, body: string): string {
  const types = mediaTypesOf(schema) ?? ['application/json']
  return types.find((type) => type.includes('json-patch') === body.startsWith('[')) ?? types[0] ?? ''
}

function cookieHeader(values: Readonly<Record<string, unknown>>): Readonly<Record<string, string>> {
  const pairs = Object.entries(values).map(([name, value]) => `${name}=${encodeURIComponent(String(value))}`)
  return pairs.length > 0 ? { cookie: pairs.join('; ') } : {}
}

/** Samples of the required properties. */
function requiredValues(schema: z.ZodObject | undefined, random: Random): Readonly<Record<string, unknown>> {
  const required = Object.entries(schema?.shape ?? {}).filter(([, property]) => !property.safeParse(undefined).success)
  return Object.fromEntries(required.map(([name, property]) => [name, createSampler(toInput(property))(random)]))
}

/** A request to a function, without a gateway. */
export interface FunctionRequest {
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

const JSON_TYPE = { 'content-type': 'application/json' }

/** A request to a function of any kind: from `given`, or from values that its contract shows. */
export function functionRequest(contract: FunctionContract, given: unknown): FunctionRequest {
  switch (contract.kind) {
    case 'endpoint':
      return endpointRequest(contract, given)
    case 'subscriber':
    case 'schedule':
    case 'receive':
      return eventRequest(contract, given)
    case 'authorizer':
      return authorizerRequest(contract, given)
  }
}

/**
 * A request to an endpoint: from `data`, whose values go where the contract names them (path, query, else body), or from its
 * first example, or from sampled values.
 */
export function endpointRequest(contract: EndpointContract, data: unknown): FunctionRequest {
  const given = data === undefined ? {} : placeValues(contract, data)
  const { target, headers, body, contentType } = sampleRequest(contract, createRandom(contract.name), given)
  return {
    ...{ method: contract.method, target, body },
    headers: {
      ...headers,
      ...(contract.idempotent ? { 'idempotency-key': randomUUID() } : {}),
      ...(body === undefined ? {} : { 'content-type': contentType }),
    },
  }
}

function placeValues({ params, query, body }: EndpointContract, data: unknown): Example {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return { body: data }
  const pick = (accepts: (name: string) => boolean) =>
    Object.fromEntries(Object.entries(data).filter(([name]) => accepts(name)))
  const inBody = (name: string) => Object.hasOwn(Object(Object(body).shape), name)
  const inPath = (name: string) => Object.hasOwn(params?.shape ?? {}, name)
  const inQuery = (name: string) => Object.hasOwn(query?.shape ?? {}, name)
  return {
    params: pick(inPath),
    // Names that the contract does not know go where the function refuses them by name.
    query: pick((name) => inQuery(name) || (!body && !inPath(name))),
    ...(body ? { body: pick((name) => inBody(name) || (!inPath(name) && !inQuery(name))) } : {}),
  }
}

/** A CloudEvent in binary mode: `event` if it is one, else with `event` as its data, or with sampled data. */
export function eventRequest({ name, on }: ReceiverContract, event: unknown): FunctionRequest {
  const {
    data,
    datacontenttype: _json,
    ...attributes
  } = isCloudEvent(event)
    ? event
    : {
        data: event ?? sampleData(name, toOutput(on.data)),
        specversion: '1.0',
        id: randomUUID(),
        source: '/ebb/invoke',
        type: versionedType(on.type, versionOf(on)),
      }
  const all = { time: new Date().toISOString(), ebbattempt: 1, ...attributes }
  const headers = Object.entries(all).map(([attribute, value]) => [
    `ce-${attribute}`,
    encodeURIComponent(String(value)),
  ])
  return {
    method: 'POST',
    target: '/',
    headers: { ...Object.fromEntries(headers), ...JSON_TYPE },
    body: JSON.stringify(data),
  }
}

const isCloudEvent = (event: unknown): event is Readonly<Record<string, unknown>> =>
  typeof Object(event).specversion === 'string' && 'data' in Object(event)

function sampleData(name: string, schema: Parameters<typeof createSampler>[0]): unknown {
  try {
    return createSampler(schema)(createRandom(name))
  } catch (cause) {
    if (!(cause instanceof SampleError)) throw cause
    throw new ConfigError(`no event for ${name} could be sampled (${cause.message}): give one with --event`, { cause })
  }
}

/** What the gateway asks an authorizer: from `given`, whose parts replace those of a request with every header. */
export function authorizerRequest({ credentials }: AuthorizerContract, given: unknown): FunctionRequest {
  const { headers, path, query, body } = credentials
  const asked: JudgementRequest = {
    headers: Object.fromEntries(headers.map((name) => [name, 'sample'])),
    ...{ method: 'POST', route: '/v1/sample' },
    ...(path ? { path: '/v1/sample' } : {}),
    ...(query ? { query: '' } : {}),
    ...(body ? { body: Buffer.from('{}').toString('base64') } : {}),
    ...Object(given),
  }
  return { method: 'POST', target: '/', headers: JSON_TYPE, body: JSON.stringify(asked) }
}
