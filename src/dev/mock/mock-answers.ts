import { type EndpointContract, Problem, toOutput, toPattern, validator } from '../../contract/index.ts'
import { createAnswers } from '../../http/answer.ts'
import { queryStrings } from '../../http/query.ts'
import type { StoredAnswer } from '../../kernel/index.ts'
import { createRandom } from '../sample/random.ts'
import { SampleFault, sampler } from '../sample/sampler.ts'
import { readPreferences } from './preferences.ts'

/** A request that the gateway has found good. */
export interface MockRequest {
  readonly method: string
  /** Path and query as sent. */
  readonly target: string
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
  readonly correlationId: string
}

export type MockAnswers = (request: MockRequest) => StoredAnswer

/**
 * Answers as an endpoint's contract says, without its handler: with the failure or the example that the caller prefers,
 * else with the reply of the first example, else with one made up, which is the same for the same request and seed.
 */
export function mockAnswers(contract: EndpointContract, { seed }: { readonly seed: string }): MockAnswers {
  const { reply, problem } = createAnswers(contract)
  const makeUp = createReplies(contract, seed)
  const first = Object.values(contract.examples ?? {}).find((example) => example.reply !== undefined)
  return (request) => {
    const preferences = readPreferences(request.headers.prefer ?? '')
    const failure = preferences.get('failure')
    const example = preferences.get('example')
    try {
      if (failure !== undefined) throw declaredFailure(contract, failure)
      if (example !== undefined) return applied(reply(exampleReply(contract, example), allow), `example=${example}`)
      return reply(first ? first.reply : makeUp(request), allow)
    } catch (fault) {
      if (fault instanceof Problem) return problem(fault, { ...request, traceparent: '' })
      throw fault
    }
  }
}

const allow = () => {}

const applied = (answer: StoredAnswer, preference: string): StoredAnswer => ({
  ...answer,
  headers: { ...answer.headers, 'preference-applied': preference },
})

function declaredFailure({ name, failures = {} }: EndpointContract, code: string): Problem {
  const status = Object.hasOwn(failures, code) ? failures[code] : undefined
  if (status !== undefined) return new Problem(code, status, 'The mock was asked for this failure.')
  return unknown(`${name} declares no failure ${code}`, Object.keys(failures))
}

function exampleReply({ name, examples = {} }: EndpointContract, wanted: string): unknown {
  const having = Object.entries(examples).filter(([, example]) => example.reply !== undefined)
  const found = having.find(([one]) => one === wanted)
  if (!found) {
    throw unknown(
      `${name} has no example ${wanted} with a reply`,
      having.map(([one]) => one),
    )
  }
  return found[1].reply
}

const unknown = (sentence: string, known: readonly string[]) =>
  new Problem(
    'invalid_request',
    400,
    `${sentence}; ${known.length > 0 ? `it has ${known.join(', ')}` : 'it has none'}.`,
  )

/** Makes replies up, with what the request itself says about the thing in them, as far as that fits. */
function createReplies(contract: EndpointContract, seed: string): (request: MockRequest) => unknown {
  const body = 'body' in contract.reply ? contract.reply.body : undefined
  if (!body) return () => undefined
  const schema = toOutput(body)
  const sample = sampler(schema)
  const saidIn = createReader(contract)
  return (request) => {
    const { method, target } = request
    const random = createRandom([seed, method, target, Buffer.from(request.body).toString()].join('\n'))
    let value = sampled(contract, () => sample(random))
    for (const [name, said] of saidIn(request)) {
      const echoed = { ...Object(value), [name]: said }
      if (name in Object(value) && schema.safeParse(echoed).success) value = echoed
    }
    return value
  }
}

function sampled({ name }: EndpointContract, make: () => unknown): unknown {
  try {
    return make()
  } catch (cause) {
    if (!(cause instanceof SampleFault)) throw cause
    const message = `No reply of ${name} could be made up (${cause.message}). Give its contract an example with a reply, or that schema a .meta({ example }).`
    throw new Problem('not_implemented', 501, message, { cause })
  }
}

/** Reads parameters and body as the function would. */
function createReader(contract: EndpointContract): (request: MockRequest) => readonly [string, unknown][] {
  const validate = validator(contract)
  const { match } = toPattern(contract.path)
  return ({ target, headers, body }) => {
    const [path = ''] = target.split('?', 1)
    const params = Object.entries(match(path) ?? {}).map(([name, text]) => [name, [decodeURIComponent(text)]])
    const validated = validate({
      params: Object.fromEntries(params),
      query: queryStrings(target),
      headers: Object.fromEntries(Object.entries(headers).map(([name, text]) => [name, [text]])),
      body: body.length > 0 ? JSON.parse(Buffer.from(body).toString()) : undefined,
    })
    if (!validated.ok) return []
    return Object.entries({ ...Object(validated.input.body), ...Object(validated.input.params) })
  }
}
