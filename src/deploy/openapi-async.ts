import type { Route } from '../contract/index.ts'
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
  const schema = { type: 'string', examples: ['respond-async'] }
  const prefer = { name: 'Prefer', in: 'header', required: false, schema }
  const description = '`respond-async` is answered 202 at once, and the work is done later (RFC 7240).'
  return [{ ...prefer, description }, ...(idempotent ? [] : [OPTIONAL_KEY])]
}

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

/** The path of an asynchronous call's state; none where no endpoint is asynchronous. */
export function statePath(routes: readonly Pick<Route, 'async'>[], components: Record<string, Json>): Json {
  if (!routes.some((route) => route.async)) return {}
  const headers = {
    'Retry-After': {
      schema: { type: 'integer' },
      description: 'Seconds until the next request makes sense; while the state is not final',
    },
  }
  return {
    [STATE_PATH]: {
      get: {
        operationId: 'get-invocation',
        tags: ['invocations'],
        summary: 'Get the state and the outcome of an asynchronous call.',
        parameters: [{ name: 'id', in: 'path', required: true, schema: { type: 'string', format: 'uuid' } }],
        responses: {
          200: { description: 'Its state', headers, content: json(STATE) },
          ...refusals(STATE_ROUTE, { not_found: 404 }, components),
        },
      },
    },
  }
}

const json = (schema: Json) => ({ 'application/json': { schema } })
const problemRef = { $ref: '#/components/schemas/Problem' }

const uuid = { type: 'string', format: 'uuid' }
const time = { type: 'string', format: 'date-time' }
const ACCEPTED = {
  type: 'object',
  required: ['id', 'state', 'location'],
  properties: { id: uuid, state: { const: 'waiting' }, location: { type: 'string' } },
}
const STATE = {
  type: 'object',
  required: ['id', 'function', 'state', 'attempts', 'createdAt'],
  properties: {
    ...{ id: uuid, function: { type: 'string' }, state: { enum: ['waiting', 'running', 'done', 'failed'] } },
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
  },
}
