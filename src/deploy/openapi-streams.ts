import * as z from 'zod'
import {
  type EndpointContract,
  EVENT_STREAM,
  type FormBody,
  MAX_ITEM_BYTES,
  type Reply,
  streamedBodyOf,
  toInput,
  toOutput,
} from '../contract/index.ts'
import type { RenderSchema } from './openapi-schemas.ts'

type Json = Readonly<Record<string, unknown>>

/** How a GraphQL endpoint replies besides, where its caller takes it: what is deferred in parts, and what is followed as events. */
export function deliveredContent({ graphql }: EndpointContract): Json {
  if (!graphql) return {}
  const parts = 'Where the operation defers something: parts of JSON (`incrementalSpec=v0.2`, or `deferSpec=20220824`).'
  const events =
    'Of a subscription: events `next`, each with a result as JSON (GraphQL over SSE, distinct connections mode).'
  return {
    'multipart/mixed': { schema: { type: 'string', description: parts } },
    ...(graphql.subscription ? { 'text/event-stream': { schema: { type: 'string', description: events } } } : {}),
  }
}

/** The `requestBody` of a streamed body or a form; undefined where a contract has neither. */
export function streamedRequestBody(contract: EndpointContract, schemaOf: RenderSchema): Json | undefined {
  const body = streamedBodyOf(contract)
  if (!body) return undefined
  if (body.kind === 'form') return { required: true, content: { 'multipart/form-data': formContent(body, schemaOf) } }
  const { item, maxItemBytes = MAX_ITEM_BYTES } = body
  if (item) {
    // As OpenAPI 3.2 has it for media types that are a sequence.
    const schema = { type: 'array', items: schemaOf(toInput(item), 'input') }
    const description = `At most ${body.maxBytes} bytes, and ${maxItemBytes} a line: each is one item, as JSON.`
    return { required: true, description, content: { [String(body.type)]: { schema } } }
  }
  const types = [body.type].flat()
  // OpenAPI 3.1: bytes of the media type itself have no schema.
  const content = Object.fromEntries(types.map((type) => [type, {}]))
  return { required: true, description: `At most ${body.maxBytes} bytes, passed on as they arrive.`, content }
}

function formContent({ fields, files = {} }: FormBody, schemaOf: RenderSchema): Json {
  const texts: Json = fields ? schemaOf(toInput(fields), 'input') : {}
  const { properties, required } = texts as { readonly properties?: Json; readonly required?: readonly string[] }
  const parts = Object.entries(files).map(([name, { type, maxBytes }]) => [
    name,
    { type: 'string', contentMediaType: [type].flat().join(', '), description: `At most ${maxBytes} bytes.` },
  ])
  const encoding = Object.entries(files).map(([name, { type }]) => [name, { contentType: [type].flat().join(', ') }])
  const needed = Object.entries(files).flatMap(([name, { optional }]) => (optional ? [] : [name]))
  return {
    schema: {
      type: 'object',
      properties: { ...properties, ...Object.fromEntries(parts) },
      required: [...(required ?? []), ...needed],
      additionalProperties: false,
    },
    encoding: Object.fromEntries(encoding),
  }
}

/** The `content` of a streamed reply; undefined where it is none. */
export function streamedReplyContent({ stream }: Reply, schemaOf: RenderSchema): Json | undefined {
  if (!stream) return undefined
  const { type, item } = stream
  if (!item) return { [type]: {} }
  // As OpenAPI 3.2 has it for media types that are a sequence: the schema is that of all items as an array.
  const items = schemaOf(toOutput(type === EVENT_STREAM ? eventSchema(item) : item), 'output')
  return { [type]: { schema: { type: 'array', items } } }
}

const eventSchema = (item: z.ZodType) =>
  z.object({
    id: z.string().optional(),
    event: z.string().optional(),
    data: item.describe('Sent as JSON.'),
    retry: z.int().optional(),
  })
