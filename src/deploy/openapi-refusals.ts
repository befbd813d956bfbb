import { isTransient, problemTitle, problemType, type Route } from '../contract/index.ts'

type Json = Readonly<Record<string, unknown>>

const text = (description: string) => ({ type: 'string', description })

/** The schema of every refusal, with the members of RFC 9457 and the platform's own. */
export const PROBLEM: Json = {
  type: 'object',
  required: ['status', 'error', 'message', 'correlationId', 'type', 'title', 'detail', 'instance'],
  properties: {
    status: { type: 'integer', description: 'The HTTP status' },
    error: text('The code to switch on'),
    message: text('One sentence for people'),
    correlationId: text('Finds this request in the logs'),
    type: { ...text('The code as a reference (RFC 9457)'), format: 'uri-reference' },
    title: text('The code in words'),
    detail: text('The message once more'),
    instance: { ...text('This one occurrence'), format: 'uri-reference' },
    policy: text('The limit that a 429 is about, as RateLimit-Policy names it'),
    details: {
      type: 'array',
      items: {
        type: 'object',
        required: ['path', 'message'],
        properties: { path: { type: 'string' }, message: { type: 'string' } },
      },
    },
  },
}

/** A failure of a contract, with what the document says of it. */
export interface RenderedFailure {
  readonly status: number
  readonly description?: string
  /** The schema of its data, and an example of them where one can be made up. */
  readonly data?: { readonly schema: Json; readonly example: unknown }
}

interface RefusingRoute
  extends Pick<
    Route,
    'tenancy' | 'idempotent' | 'async' | 'hasBody' | 'limit' | 'readOnly' | 'conditional' | 'cache' | 'upgrade'
  > {
  /** Whether its callers may have a plan. */
  readonly hasPlan?: boolean
  /** Whether its body is a patch, which may not fit what it changes. */
  readonly isPatched?: boolean
}

/** The refusals of an endpoint: the platform's own, which move to the document's components, and its contract's. */
export function refusals(
  route: RefusingRoute,
  failures: Readonly<Record<string, RenderedFailure>>,
  components: Record<string, Json>,
): Json {
  const codes = new Map<number, string[]>()
  const add = (status: number, ...more: string[]) => codes.set(status, [...(codes.get(status) ?? []), ...more])
  add(400, 'bad_request', 'invalid_request')
  // Also where anyone may call: a key that is sent must be valid.
  add(401, 'unauthenticated')
  // Also of endpoints that anyone may call: a gateway with EBB_HOSTS refuses other host names.
  add(403, 'forbidden', ...(route.tenancy ? ['tenant_required'] : []))
  add(408, 'request_timeout')
  if (route.idempotent || route.async) add(409, 'in_progress')
  if (route.conditional) add(412, 'precondition_failed')
  if (route.hasBody) add(413, 'payload_too_large')
  if (route.hasBody) add(415, 'unsupported_media_type')
  add(417, 'expectation_failed')
  if (route.idempotent || route.async) add(422, 'idempotency_mismatch')
  if (route.isPatched) add(422, 'invalid_patch')
  if (route.upgrade) add(426, 'upgrade_required')
  if (route.conditional === true && !route.readOnly) add(428, 'precondition_required')
  if (route.limit || route.hasPlan) add(429, 'rate_limited')
  add(431, 'headers_too_large')
  add(500, 'internal')
  add(502, 'bad_gateway')
  add(503, 'unavailable', ...(route.readOnly ? [] : ['outcome_unknown']))
  add(504, 'deadline_exceeded', ...(route.cache ? ['not_cached'] : []))
  const shared = new Map(codes)
  for (const [code, { status }] of Object.entries(failures)) add(status, code)
  const written = [...codes].map(([status, all]) => {
    if (shared.get(status) !== all) return [status, refusal(status, all, failures)]
    const name = all.join('-')
    components[name] ??= refusal(status, all)
    return [status, { $ref: `#/components/responses/${name}` }]
  })
  return Object.fromEntries(written)
}

/** One status with its codes, each with an example. */
function refusal(
  status: number,
  codes: readonly string[],
  failures: Readonly<Record<string, RenderedFailure>> = {},
): Json {
  const withData = codes.flatMap((code) => (failures[code]?.data ? [{ code, ...failures[code].data }] : []))
  const others = codes.filter((code) => !failures[code]?.data)
  const variants = [
    ...withData.map(({ code, schema }) => ({
      required: ['data'],
      properties: { error: { const: code }, data: schema },
    })),
    ...(others.length > 0 ? [{ properties: { error: { enum: others } } }] : []),
  ]
  const schema = {
    allOf: [{ $ref: '#/components/schemas/Problem' }],
    properties: { status: { const: status }, error: { enum: codes } },
    ...(withData.length > 0 ? { oneOf: variants } : {}),
  }
  const examples = Object.fromEntries(
    codes.flatMap((code) => {
      const { data } = failures[code] ?? {}
      if (data && data.example === undefined) return []
      return [[code, { value: { ...exampleOf(status, code), ...(data ? { data: data.example } : {}) } }]]
    }),
  )
  return {
    description: describe(codes, failures),
    content: { 'application/problem+json': { schema, examples } },
    ...headersOf(status, codes),
  }
}

/** The codes; where one of them has a description, each in a line of its own. */
function describe(codes: readonly string[], failures: Readonly<Record<string, RenderedFailure>>): string {
  const hasDescription = codes.some((code) => failures[code]?.description)
  const all = codes.map((code) => {
    const { description } = failures[code] ?? {}
    return description ? `\`${code}\`: ${description}` : `\`${code}\``
  })
  return hasDescription ? all.map((one) => `- ${one}`).join('\n') : all.join(', ')
}

function exampleOf(status: number, error: string): Json {
  const [message, correlationId, type] = [
    `${problemTitle(error)}.`,
    'c0ffee00-0000-4000-8000-000000000000',
    problemType(error),
  ]
  return {
    ...{ status, error, message, correlationId, type },
    ...{ title: problemTitle(error), detail: message, instance: `${type}#${correlationId}` },
  }
}

const header = (description: string, type: string) => ({ description, schema: { type } })
const RETRY_AFTER = { 'Retry-After': header('Seconds until the next request may come', 'integer') }
const LIMIT = {
  RateLimit: header(
    'Of each limit what is left (`r`), and the seconds until there is more (`t`); on every response to a caller',
    'string',
  ),
  'RateLimit-Policy': header('Of each limit the requests (`q`) in seconds (`w`)', 'string'),
}

/** Of a reply that the gateway may answer with again, without calling the function. */
export const CACHE_HEADERS: Json = {
  ETag: header('The reply as these bytes; sent back in If-None-Match it may be answered 304', 'string'),
  'Cache-Control': header('For how long a caller may use the reply again', 'string'),
  Age: header('How old the reply is, in seconds', 'integer'),
  'Cache-Status': header('Whether the reply was stored by the gateway (RFC 9211)', 'string'),
}

export const NOT_MODIFIED: Json = {
  description: 'The caller has the reply already, by If-None-Match or If-Modified-Since',
  headers: CACHE_HEADERS,
}

function headersOf(status: number, codes: readonly string[]): Json {
  if (codes.includes('rate_limited')) return { headers: { ...RETRY_AFTER, ...LIMIT } }
  return status !== 500 && isTransient(status) ? { headers: RETRY_AFTER } : {}
}
