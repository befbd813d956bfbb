import { randomUUID } from 'node:crypto'
import { type EndpointContract, type Example, type SubscriberContract, toOutput } from '../../contract/index.ts'
import { ConfigFault } from '../../kernel/index.ts'
import { createRandom } from '../sample/random.ts'
import { sampleRequest } from '../sample/sample-request.ts'
import { SampleFault, sampler } from '../sample/sampler.ts'

/** A request to a function itself. */
export interface FunctionRequest {
  readonly method: string
  /** Path and query. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: string | undefined
}

const JSON_TYPE = { 'content-type': 'application/json' }

/**
 * A request to an endpoint: with `data`, whose values go wherever the contract names them (path, query, the rest the
 * body), or as its first example, or made up.
 */
export function endpointRequest(contract: EndpointContract, data: unknown): FunctionRequest {
  const given = data === undefined ? {} : placed(contract, data)
  const { target, headers, body } = sampleRequest(contract, createRandom(contract.name), given)
  return {
    ...{ method: contract.method, target, body },
    headers: {
      ...headers,
      ...(contract.idempotent ? { 'idempotency-key': randomUUID() } : {}),
      ...(body === undefined ? {} : JSON_TYPE),
    },
  }
}

function placed({ params, query, body }: EndpointContract, data: unknown): Example {
  if (typeof data !== 'object' || data === null || Array.isArray(data)) return { body: data }
  const part = (takes: (name: string) => boolean) =>
    Object.fromEntries(Object.entries(data).filter(([name]) => takes(name)))
  const inBody = (name: string) => Object.hasOwn(Object(Object(body).shape), name)
  const inPath = (name: string) => Object.hasOwn(params?.shape ?? {}, name)
  const inQuery = (name: string) => Object.hasOwn(query?.shape ?? {}, name)
  return {
    params: part(inPath),
    // What nobody names goes where the function will say so.
    query: part((name) => inQuery(name) || (!body && !inPath(name))),
    ...(body ? { body: part((name) => inBody(name) || (!inPath(name) && !inQuery(name))) } : {}),
  }
}

/** A CloudEvent in binary mode: `event` where it is one, else with `event` for its data, or with data made up. */
export function eventRequest({ name, on }: SubscriberContract, event: unknown): FunctionRequest {
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
        type: on.type,
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

function sampleData(name: string, schema: Parameters<typeof sampler>[0]): unknown {
  try {
    return sampler(schema)(createRandom(name))
  } catch (cause) {
    if (!(cause instanceof SampleFault)) throw cause
    throw new ConfigFault(`no event for ${name} could be made up (${cause.message}): give one with --event`, { cause })
  }
}
