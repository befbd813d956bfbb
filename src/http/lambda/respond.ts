import type { Agent, IncomingMessage } from 'node:http'
import { request } from 'node:http'
import { buffer } from 'node:stream/consumers'
import { pipeline } from 'node:stream/promises'

/** Where the result of one invocation goes: the runtime interface, and the path of that invocation. */
export interface ResultAddress {
  readonly api: string
  readonly path: string
  readonly agent: Agent
}

/** Between the head of a streamed response and its body. */
const SEPARATOR = Buffer.alloc(8)
const TEXT = /^(text\/|application\/([\w.-]+\+)?json\b)/i

/** Hands over a whole response, as JSON. Resolves to false where it did not come whole, and nothing was handed over. */
export async function respondWhole(address: ResultAddress, response: IncomingMessage): Promise<boolean> {
  const body = await buffer(response).catch(() => undefined)
  if (!body) return false
  const isText = TEXT.test(response.headers['content-type'] ?? '') && !response.headers['content-encoding']
  const whole = { ...headOf(response), body: body.toString(isText ? 'utf8' : 'base64'), isBase64Encoded: !isText }
  await postResult(address, whole)
  return true
}

/**
 * Hands over a response as it is made: its head as JSON, eight zero bytes, its body. Where the body ends too early, the
 * trailers say so.
 */
export async function respondStreamed(address: ResultAddress, response: IncomingMessage): Promise<true> {
  const { outgoing, answered } = post(address, 'response', {
    'content-type': 'application/vnd.awslambda.http-integration-response',
    'lambda-runtime-function-response-mode': 'streaming',
    'transfer-encoding': 'chunked',
    trailer: 'Lambda-Runtime-Function-Error-Type, Lambda-Runtime-Function-Error-Body',
  })
  outgoing.write(JSON.stringify(headOf(response)))
  outgoing.write(SEPARATOR)
  try {
    await pipeline(response, outgoing, { end: false })
  } catch (error) {
    const body = JSON.stringify({ errorType: 'Ebb.Cut', errorMessage: String(error) })
    outgoing.addTrailers({
      'Lambda-Runtime-Function-Error-Type': 'Ebb.Cut',
      'Lambda-Runtime-Function-Error-Body': Buffer.from(body).toString('base64'),
    })
  }
  outgoing.end()
  await answered
  return true
}

/** Posts a result that is known as a whole. */
export const postResult = (address: ResultAddress, value: object): Promise<void> => postJson(address, 'response', value)

/** Says that an invocation has failed, and why, in one sentence. */
export const postError = (address: ResultAddress, errorType: string, errorMessage: string): Promise<void> =>
  postJson(address, 'error', { errorType, errorMessage }, { 'lambda-runtime-function-error-type': errorType })

type What = 'response' | 'error'

async function postJson(address: ResultAddress, what: What, value: object, headers = {}): Promise<void> {
  const body = Buffer.from(JSON.stringify(value))
  const { outgoing, answered } = post(address, what, {
    ...{ 'content-type': 'application/json', 'content-length': body.length, ...headers },
  })
  outgoing.end(body)
  await answered
}

function post({ api, path, agent }: ResultAddress, what: What, headers: Readonly<Record<string, string | number>>) {
  const outgoing = request(`http://${api}${path}/${what}`, { method: 'POST', agent, headers })
  const answered = new Promise<void>((resolve, reject) => {
    outgoing.on('error', reject)
    outgoing.on('response', (response) => {
      const { statusCode = 0 } = response.resume()
      // 413: the result is larger than the platform lets through; it has told the caller.
      if (statusCode < 300 || statusCode === 413) resolve()
      else reject(new Error(`the runtime interface answered ${statusCode} to ${path}/${what}`))
    })
  })
  answered.catch(() => {})
  return { outgoing, answered }
}

function headOf({ statusCode, headers }: IncomingMessage) {
  const { connection, 'keep-alive': _keepAlive, 'transfer-encoding': _coding, 'set-cookie': cookies, ...rest } = headers
  const joined = Object.entries(rest).map(([name, value]) => [name, String(value)])
  return { statusCode, headers: Object.fromEntries(joined), ...(cookies ? { cookies } : {}) }
}
