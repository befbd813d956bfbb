import { STATUS_CODES } from 'node:http'
import type * as z from 'zod'
import {
  type EndpointContract,
  failuresOf,
  isRedirect,
  type Reply,
  type Route,
  repliesOf,
  toOutput,
  usualReply,
} from '../contract/index.ts'
import { acceptedResponse } from './openapi-async.ts'
import { examplesOf } from './openapi-examples.ts'
import { CACHE_HEADERS, NOT_MODIFIED, type RenderedFailure, refusals } from './openapi-refusals.ts'
import type { RenderSchema } from './openapi-schemas.ts'
import { deliveredContent, streamedReplyContent } from './openapi-streams.ts'
import { createRandom } from './sample/random.ts'
import { createSampler, SampleError } from './sample/sampler.ts'

type Json = Readonly<Record<string, unknown>>

export interface ResponseRendering {
  readonly schemaOf: RenderSchema
  /** The document's components, for responses that several operations share. */
  readonly responses: Record<string, Json>
  readonly hasPlans: boolean
}

/** The responses of an operation, by status: its contract's replies, and how it refuses. */
export function responsesOf(contract: EndpointContract, route: Route, rendering: ResponseRendering): Json {
  const { schemaOf, responses, hasPlans } = rendering
  const replies = repliesOf(contract).map((reply) => [reply.status, renderReply(contract, reply, schemaOf)])
  const notModified = route.cache
    ? { 304: NOT_MODIFIED }
    : route.conditional && route.readOnly
      ? { 304: { description: 'It is what the caller has.', headers: ETAG } }
      : {}
  return {
    ...acceptedResponse(route),
    ...Object.fromEntries(replies),
    ...notModified,
    ...refusals(
      { ...route, hasPlan: hasPlans, isPatched: route.bodyTypes !== undefined },
      renderFailures(contract, schemaOf),
      responses,
    ),
  }
}

const renderFailures = (contract: EndpointContract, schemaOf: RenderSchema) =>
  Object.fromEntries(
    Object.entries(failuresOf(contract)).map(([code, { data, ...failure }]): [string, RenderedFailure] => {
      if (!data) return [code, failure]
      const schema = toOutput(data)
      return [code, { ...failure, data: { schema: schemaOf(schema, 'output'), example: sampleOf(schema, code) } }]
    }),
  )

/** Data of a failure; undefined where none can be made up. */
function sampleOf(schema: z.ZodType, code: string): unknown {
  try {
    return createSampler(schema)(createRandom(code))
  } catch (error) {
    if (error instanceof SampleError) return undefined
    throw error
  }
}

function renderReply(contract: EndpointContract, reply: Reply, schemaOf: RenderSchema): Json {
  const { status, body } = reply
  const usual = usualReply(contract).status
  const examples = examplesOf(contract, (example) => ((example.status ?? usual) === status ? example.reply : undefined))
  const json = body && { schema: schemaOf(toOutput(body), 'output'), ...(examples ? { examples } : {}) }
  const content = json
    ? { 'application/json': json, ...deliveredContent(contract) }
    : streamedReplyContent(reply, schemaOf)
  const headers = {
    ...renderHeaders(reply, schemaOf),
    ...(contract.cache ? CACHE_HEADERS : {}),
    ...(contract.conditional ? ETAG : {}),
  }
  return {
    description: isRedirect(reply)
      ? describeRedirect(reply)
      : contract.upgrade
        ? 'A WebSocket (RFC 6455)'
        : repliesOf(contract).length > 1
          ? describe(status)
          : 'Success',
    ...(content ? { content } : {}),
    ...(Object.keys(headers).length > 0 ? { headers } : {}),
  }
}

const describe = (status: number) => STATUS_CODES[status] ?? 'Success'

const describeRedirect = ({ status, location, locations }: Reply) =>
  `${describe(status)}: leads to ${location ?? locations?.join(' or ')}`

const ETAG: Json = { ETag: { description: 'The version of what is shown', schema: { type: 'string' } } }

function renderHeaders({ location, locations, headers, cookies }: Reply, schemaOf: RenderSchema): Json {
  const isGiven = location !== undefined || locations !== undefined
  const declared = Object.entries(headers?.shape ?? {}).map(([name, property]) => {
    // zod types a shape's schemas by its core.
    const schema = property as z.ZodType
    return [name, { required: !schema.safeParse(undefined).success, schema: schemaOf(toOutput(schema), 'output') }]
  })
  return {
    ...(isGiven ? { Location: { schema: { type: 'string' } } } : {}),
    ...Object.fromEntries(declared),
    ...(cookies ? { 'Set-Cookie': { description: describeCookies(cookies), schema: { type: 'string' } } } : {}),
  }
}

const describeCookies = (cookies: NonNullable<Reply['cookies']>) =>
  `Sets or deletes ${Object.keys(cookies)
    .map((name) => `\`${name}\``)
    .join(' and ')}, a line each`
