import { request as httpRequest, type IncomingMessage } from 'node:http'
import { request as httpsRequest } from 'node:https'
import { Problem } from 'ebb/contract'
import type { ContractSet } from '../../../src/contract/index.ts'
import { readOpenapi, sendRequest } from '../../../src/protocol/admin/send.ts'
import { type AdminOperation, operation } from './operation.ts'

export interface SendOptions {
  readonly contracts: () => ContractSet
  /** The port that callers reach, known once it listens, and whether it speaks https. */
  readonly ownPort: () => { readonly port: number; readonly isTls: boolean }
}

const TIMEOUT_MS = 60_000
const MAX_BYTES = 1_048_576

export const sendOperations = ({ contracts, ownPort }: SendOptions): readonly AdminOperation[] => [
  // The document is an object, since it was rendered as one.
  operation(readOpenapi, () => contracts().openapi as Record<string, unknown>),
  operation(sendRequest, async ({ body }, { audit }) => {
    await audit({ subject: `${body.method} ${body.target.split('?', 1)}` })
    const startedAt = performance.now()
    try {
      const response = await sendTo(ownPort(), body)
      const read = await readStart(response)
      return {
        status: response.statusCode ?? 0,
        headers: Object.fromEntries(
          Object.entries(response.headersDistinct).map(([name, values = []]) => [name, values.join(', ')]),
        ),
        ...read,
        durationMs: Math.round(performance.now() - startedAt),
      }
    } catch (cause) {
      throw new Problem('no_response', 502, 'The request was sent, and no response came within 60 s.', { cause })
    }
  }),
]

interface Sent {
  readonly method: string
  readonly target: string
  readonly headers: Readonly<Record<string, string | readonly string[]>>
  readonly body?: string | undefined
}

/** Sends to this machine alone: the target is a path. */
function sendTo({ port, isTls }: ReturnType<SendOptions['ownPort']>, { method, target, headers, body }: Sent) {
  const { promise, resolve, reject } = Promise.withResolvers<IncomingMessage>()
  const request = (isTls ? httpsRequest : httpRequest)({
    ...{ host: 'localhost', port, method, path: target, agent: false, signal: AbortSignal.timeout(TIMEOUT_MS) },
    headers: Object.fromEntries(Object.entries(headers).map(([name, value]) => [name, [value].flat()])),
    // Its own certificate names hosts that callers use.
    rejectUnauthorized: false,
  })
  request.once('response', resolve).once('error', reject).end(body)
  return promise
}

/** As much of a body as a page can show; the rest is not waited for. */
async function readStart(response: IncomingMessage): Promise<{ readonly body: string; readonly isCut: boolean }> {
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of response) {
    chunks.push(chunk)
    bytes += chunk.length
    if (bytes > MAX_BYTES) break
  }
  response.destroy()
  return { body: Buffer.concat(chunks).subarray(0, MAX_BYTES).toString('utf8'), isCut: bytes > MAX_BYTES }
}
