import type { EndpointContract, Route } from '../contract/index.ts'
import { INVOCATION_ENDPOINTS } from '../protocol/invocation-endpoints.ts'
import { refusals } from './openapi-refusals.ts'

type Json = Readonly<Record<string, unknown>>

const STATE_PATH = '/v1/invocations/{id}'
const STATE_ROUTE = {
  anonymous: false,
  scopes: [],
  owner: false,
  idempotent: false,
  async: false,
  hasBody: false,
  readOnly: true,
}

/** The parameters of an endpoint that can be called asynchronously. */
export function asyncParameters({ async: isAsync, idempotent }: Pick<Route, 'async' | 'idempotent'>): readonly Json[] {
  if (!isAsync) return []
  return [PREFER, CALLBACK, ...(idempotent ? [] : [OPTIONAL_KEY])]
}

const header = (name: string, schema: Json, description: string) => ({
  ...{ name, in: 'header', required: false, schema, description },
})
const PREFER = header(
  'Prefer',
  { type: 'string', examples: ['respond-async', 'respond-async, wait=10'] },
  '`respond-async` is answered 202 at once, and the work is done later (RFC 7240). With `wait=10` the answer is that of the call itself where it ends within 10 s (at most 30).',
)
const CALLBACK = header(
  'Ebb-Callback',
  { type: 'string', format: 'uri', maxLength: 2_000 },
  'With `Prefer: respond-async`: an https address that is told of the end, where the API makes callbacks.',
)
const WAIT = header(
  'Prefer',
  { type: 'string', examples: ['wait=10'] },
  '`wait=10` is answered when the call has ended, or after 10 s (at most 30).',
)
const LAST_EVENT = header(
  'Last-Event-ID',
  { type: 'string' },
  'With `Accept: text/event-stream`: the last event that the client has.',
)

const OPTIONAL_KEY = {
  ...{ name: 'Idempotency-Key', in: 'header', required: false },
  schema: { type: 'string', minLength: 1, maxLength: 255 },
  description: 'With `Prefer: respond-async`: repeated with the same request, it gets the first response again.',
}

/** The response to a caller that does not wait. */
export function acceptedResponse({ async: isAsync }: Pick<Route, 'async'>): Json {
  if (!isAsync) return {}
  const string = { schema: { type: 'string' } }
  const headers = {
    Location: { ...string, description: 'The address of its state' },
    'Preference-Applied': string,
  }
  return { 202: { description: 'Accepted; the work is done later', headers, content: json(ACCEPTED) } }
}

/** The endpoints that are there for the calls of all asynchronous ones. */
export const ASYNC_ENDPOINTS: readonly EndpointContract[] = INVOCATION_ENDPOINTS

/** What an address is told that the caller of an asynchronous endpoint has named: a component of the document. */
export const CALL_ENDED: Json = {
  '{$request.header.Ebb-Callback}': {
    post: {
      summary:
        'Tells of the end of a call, with a signature of Standard Webhooks; at least once, with the same webhook-id.',
      parameters: ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => ({
        ...header(name, { type: 'string' }, 'See Standard Webhooks'),
        required: true,
      })),
      requestBody: {
        required: true,
        content: json({
          type: 'object',
          required: ['type', 'timestamp', 'data'],
          properties: {
            type: { enum: ['call.done', 'call.failed', 'call.cancelled'] },
            timestamp: { type: 'string', format: 'date-time', description: 'When it ended' },
            data: { $ref: '#/components/schemas/Invocation' },
          },
        }),
      },
      responses: {
        '2XX': { description: 'It is taken' },
        410: { description: 'Nothing more is wanted' },
        default: { description: 'It is sent again, with growing delays' },
      },
    },
  },
}

/** Refers to it; nothing where an endpoint is not asynchronous. */
export const asyncCallbacks = ({ async: isAsync }: Pick<Route, 'async'>): Json =>
  isAsync ? { callbacks: { callEnded: { $ref: '#/components/callbacks/callEnded' } } } : {}

/** The path of an asynchronous call's state. */
export function statePath(components: Record<string, Json>): { readonly path: string; readonly get: Json } {
  const headers = {
    'Preference-Applied': { schema: { type: 'string' } },
    'Retry-After': {
      schema: { type: 'integer' },
      description: 'Seconds until the next request makes sense; while the state is not final',
    },
  }
  return {
    path: STATE_PATH,
    get: {
      operationId: 'get-invocation',
      tags: ['invocations'],
      summary: 'Get the state and the outcome of an asynchronous call.',
      description: 'With `Accept: text/event-stream` each state is an event `state`, and its end an event `end`.',
      parameters: [
        { name: 'id', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } },
        WAIT,
        LAST_EVENT,
      ],
      responses: {
        200: {
          description: 'Its state',
          headers,
          content: {
            ...json({ $ref: '#/components/schemas/Invocation' }),
            'text/event-stream': { schema: { type: 'string' } },
          },
        },
        204: { description: 'The client has the last event' },
        ...refusals(STATE_ROUTE, { not_found: { status: 404 }, gone: { status: 410 } }, components),
      },
    },
  }
}

function json(schema: Json) {
  return { 'application/json': { schema } }
}
const problemRef = { $ref: '#/components/schemas/Problem' }

const STATES = ['waiting', 'running', 'done', 'failed']
const uuid = { type: 'string', format: 'uuid' }
const time = { type: 'string', format: 'date-time' }
const ACCEPTED = {
  type: 'object',
  required: ['id', 'state', 'location'],
  properties: { id: uuid, state: { const: 'waiting' }, location: { type: 'string' } },
}
/** An asynchronous call, as a component of the document. */
export const INVOCATION: Json = {
  type: 'object',
  required: ['id', 'function', 'state', 'attempts', 'createdAt'],
  properties: {
    ...{ id: uuid, function: { type: 'string' }, state: { enum: [...STATES, 'cancelled'] } },
    ...{ attempts: { type: 'integer' }, createdAt: time, settledAt: time, nextAttemptAt: time },
    result: {
      type: 'object',
      description: "Where it is done: the function's response",
      required: ['status'],
      properties: {
        ...{ status: { type: 'integer' }, headers: { type: 'object', additionalProperties: { type: 'string' } } },
        ...{ body: {}, bodyLeftOut: { type: 'boolean', description: 'It was too large to keep' } },
      },
    },
    problem: { ...problemRef, description: 'Where it failed: why' },
    callback: {
      type: 'object',
      description: 'Where an address is told of the end: how that goes',
      required: ['state', 'attempts', 'status'],
      properties: {
        ...{ state: { enum: STATES }, attempts: { type: 'integer' } },
        status: { type: ['integer', 'null'], description: 'What the address answered last' },
      },
    },
  },
}
