import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http'
import { Problem, problemJson } from '../../contract/index.ts'
import { fingerprint } from '../../http/fingerprint.ts'
import { idempotencyKey } from '../../http/idempotency-key.ts'
import type { StoredAnswer } from '../../kernel/index.ts'
import type { KeptAnswers } from './kept-answers.ts'
import type { MockAnswers, MockRequest } from './mock-answers.ts'
import type { Trouble } from './trouble.ts'

export interface MockFunctionsOptions {
  readonly answers: ReadonlyMap<string, MockAnswers>
  readonly trouble: Trouble
  readonly kept: KeptAnswers
  /** The headers that the contract of an endpoint names. */
  readonly named: (endpoint: string) => readonly string[]
}

/** Stands behind a gateway in the place of all functions: `/{name}/…` is answered as that one's contract says. */
export function createMockFunctions(options: MockFunctionsOptions): Server {
  return createServer((request, response) => {
    handle(request, response, options).catch((fault: unknown) => {
      // A caller who hung up needs no answer.
      if (!response.destroyed) answerWith(response, problem(toProblem(fault), correlationOf(request)))
    })
  })
}

async function handle(request: IncomingMessage, response: ServerResponse, options: MockFunctionsOptions) {
  const { answers, trouble, kept, named } = options
  const [, name = '', target = '/'] = /^\/([^/?]+)(.*)$/.exec(request.url ?? '') ?? []
  const answer = answers.get(name)
  if (!answer) throw new Problem('not_found', 404, `There is no endpoint ${name}.`)
  const taken = await take(request, target)
  const gone = new AbortController()
  response.once('close', () => gone.abort())
  const failure = trouble.next()
  await trouble.wait(gone.signal)
  if (failure) throw failure
  const given = answer(taken)
  const value = taken.headers['idempotency-key']
  if (value !== undefined) {
    const print = fingerprint({ ...taken, headers: request.headersDistinct, named: named(name) })
    const claim = { route: name, key: idempotencyKey(value), fingerprint: print }
    kept.keep({ ...claim, caller: taken.headers['ebb-identity'] ?? '' }, given)
  }
  answerWith(response, given)
}

async function take(request: IncomingMessage, target: string): Promise<MockRequest> {
  const headers = Object.entries(request.headers).map(([name, value]) => [name, String(value)])
  return {
    method: request.method === 'HEAD' ? 'GET' : (request.method ?? ''),
    target,
    headers: Object.fromEntries(headers),
    // The gateway has seen to its size.
    body: Buffer.concat(await request.toArray()),
    correlationId: correlationOf(request),
  }
}

function answerWith(response: ServerResponse, { status, headers, body }: StoredAnswer) {
  // What has no revision counts as an answer of something in between.
  const sent = { ...headers, 'ebb-revision': 'mock' }
  response.writeHead(status, status === 204 ? sent : { ...sent, 'content-length': Buffer.byteLength(body) }).end(body)
}

const correlationOf = ({ headers }: IncomingMessage) => String(headers['x-correlation-id'] ?? '')

const toProblem = (fault: unknown) =>
  fault instanceof Problem ? fault : new Problem('internal', 500, `The mock itself failed: ${fault}`, { cause: fault })

const problem = (fault: Problem, correlationId: string): StoredAnswer => ({
  status: fault.status,
  headers: { 'content-type': 'application/problem+json', ...fault.headers },
  body: Buffer.from(problemJson(fault, correlationId)),
})
