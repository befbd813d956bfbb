import {
  createValidator,
  type EndpointContract,
  EVENT_STREAM,
  type Example,
  failuresOf,
  jsonBodyOf,
  Problem,
  parsePathTemplate,
  type Reply,
  replyOf,
  toOutput,
  usualReply,
} from '../../contract/index.ts'
import { createRandom } from '../../deploy/sample/random.ts'
import { sampleReplyStream } from '../../deploy/sample/sample-stream.ts'
import { createSampler, SampleError } from '../../deploy/sample/sampler.ts'
import { parseQuery } from '../../http/query.ts'
import { createResponseSerializer } from '../../http/serialize-response.ts'
import { type EncodeItem, encoderOf } from '../../http/streams/encode-item.ts'
import type { StoredResponse } from '../../kernel/index.ts'
import { toReturned } from './sample-reply.ts'

/** A request that the gateway has accepted. */
export interface MockRequest {
  readonly method: string
  /** Path and query as sent. */
  readonly target: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly correlationId: string
}

/** Makes the response of one endpoint from its contract. */
export type MockResponder = (request: MockRequest) => StoredResponse

/**
 * Responds as an endpoint's contract says, without its handler: with the failure or the example that the caller prefers, else
 * with the reply of the first example, else with a sampled one, which is the same for the same request and seed.
 */
export function createMockResponder(contract: EndpointContract, { seed }: { readonly seed: string }): MockResponder {
  const { fromReply, fromProblem } = createResponseSerializer(contract)
  const sampleReply = createReplySampler(contract, seed)
  const encode = encoderOf(contract)
  const first = Object.values(contract.examples ?? {}).find((example) => example.reply !== undefined)
  const respond = (reply: Reply | undefined, body: unknown) => {
    const response = fromReply(toReturned(contract, reply ?? usualReply(contract), body, seed), allow)
    // There is one version of everything.
    return contract.conditional ? { ...response, headers: { ...response.headers, etag: '"1"' } } : response
  }
  return (request) => {
    const preferences = readPreferences(request.headers.prefer ?? '')
    const failure = preferences.get('failure')
    const example = preferences.get('example')
    try {
      if (failure !== undefined) throw declaredFailure(contract, failure)
      if (example !== undefined)
        return withPreferenceApplied(respond(...exampleReply(contract, example)), `example=${example}`)
      if (usualReply(contract).stream) return streamedReply(contract, encode, request, seed)
      return first ? respond(replyOfExample(contract, first), first.reply) : respond(undefined, sampleReply(request))
    } catch (error) {
      if (error instanceof Problem) return fromProblem(error, { ...request, traceparent: '' })
      throw error
    }
  }
}

const allow = () => {}

/** Some items, or bytes; events end, so that a client comes back. */
function streamedReply(
  contract: EndpointContract,
  encode: EncodeItem,
  request: MockRequest,
  seed: string,
): StoredResponse {
  const { status, stream } = usualReply(contract)
  const items = sampleOrExplain(contract, () =>
    sampleReplyStream(contract, createRandom([seed, request.method, request.target].join('\n'))),
  ) as readonly unknown[]
  const isEvents = stream?.type === EVENT_STREAM
  const body = items.map((item, i) => encode(isEvents ? { id: String(i + 1), data: item } : item)).join('')
  return { status, headers: { 'content-type': stream?.type ?? '' }, body }
}

const withPreferenceApplied = (response: StoredResponse, preference: string): StoredResponse => ({
  ...response,
  headers: { ...response.headers, 'preference-applied': preference },
})

function declaredFailure(contract: EndpointContract, code: string): Problem {
  const { name } = contract
  const failures = failuresOf(contract)
  const failure = Object.hasOwn(failures, code) ? failures[code] : undefined
  if (failure)
    return new Problem(code, failure.status, 'The mock was asked for this failure.', {
      ...(failure.data ? { data: createSampler(toOutput(failure.data))(createRandom(code)) } : {}),
    })
  return unknownPreference(`${name} declares no failure ${code}`, Object.keys(failures))
}

const replyOfExample = (contract: EndpointContract, { status }: Example) =>
  status === undefined ? undefined : replyOf(contract, status)

function exampleReply(contract: EndpointContract, wanted: string): readonly [Reply | undefined, unknown] {
  const { name, examples = {} } = contract
  // A status is enough, since a redirect has no body to show.
  const withReply = Object.entries(examples).filter(([, example]) => (example.reply ?? example.status) !== undefined)
  const found = withReply.find(([one]) => one === wanted)
  if (!found) {
    throw unknownPreference(
      `${name} has no example ${wanted} with a reply`,
      withReply.map(([one]) => one),
    )
  }
  return [replyOfExample(contract, found[1]), found[1].reply]
}

const unknownPreference = (sentence: string, known: readonly string[]) =>
  new Problem(
    'invalid_request',
    400,
    `${sentence}; ${known.length > 0 ? `it has ${known.join(', ')}` : 'it has none'}.`,
  )

/** Samples replies, and echoes values of the request in properties of the same name where they fit. */
function createReplySampler(contract: EndpointContract, seed: string): (request: MockRequest) => unknown {
  const { body } = usualReply(contract)
  if (!body) return () => undefined
  const schema = toOutput(body)
  const sample = createSampler(schema)
  const valuesOf = createReader(contract)
  return (request) => {
    const { method, target } = request
    const random = createRandom([seed, method, target, Buffer.from(request.body).toString()].join('\n'))
    let value = sampleOrExplain(contract, () => sample(random))
    for (const [name, given] of valuesOf(request)) {
      const echoed = { ...Object(value), [name]: given }
      if (name in Object(value) && schema.safeParse(echoed).success) value = echoed
    }
    return value
  }
}

function sampleOrExplain({ name }: EndpointContract, make: () => unknown): unknown {
  try {
    return make()
  } catch (cause) {
    if (!(cause instanceof SampleError)) throw cause
    const message = `No reply of ${name} could be sampled (${cause.message}). Give its contract an example with a reply, or that schema a .meta({ example }).`
    throw new Problem('not_implemented', 501, message, { cause })
  }
}

/** Reads parameters and body as the function would. */
function createReader(contract: EndpointContract): (request: MockRequest) => readonly [string, unknown][] {
  const validate = createValidator(contract)
  const json = jsonBodyOf(contract)
  const { match } = parsePathTemplate(contract.path)
  return ({ target, headers, body }) => {
    const [path = ''] = target.split('?', 1)
    const params = Object.entries(match(path) ?? {}).map(([name, text]) => [name, [decodeURIComponent(text)]])
    const validated = validate({
      params: Object.fromEntries(params),
      query: parseQuery(target),
      headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, [text]])),
      body: body.length > 0 && json ? JSON.parse(Buffer.from(body).toString()) : undefined,
    })
    if (!validated.ok) return []
    return Object.entries({ ...Object(validated.input.body), ...Object(validated.input.params) })
  }
}

/** Parses a Prefer header (RFC 7240): names in lower case, values without quotes; parameters are ignored. */
export function readPreferences(prefer: string): ReadonlyMap<string, string> {
  const parts = prefer.match(/(?:[^,"]|"(?:\\.|[^"\\])*")+/g) ?? []
  return new Map(
    parts.flatMap((part) => {
      const [, name = '', quoted, bare = ''] = PREFERENCE.exec(part.trim()) ?? []
      return name ? [[name.toLowerCase(), quoted?.replaceAll(/\\(.)/g, '$1') ?? bare] as const] : []
    }),
  )
}

const PREFERENCE = /^([^\s=;]+)\s*(?:=\s*(?:"((?:\\.|[^"\\])*)"|([^\s;]*)))?/
