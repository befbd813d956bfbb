import type { GatewayContext } from '../context.ts'
import {
  asObject,
  HEADER_MISMATCH,
  INVALID_PARAMS,
  RpcError,
  type RpcMessage,
  UNSUPPORTED_PROTOCOL_VERSION,
} from './json-rpc.ts'

/** The revisions in which each request says which one it is in, and there is no handshake. */
export const STATELESS = ['2026-07-28'] as const
/** Those that begin with `initialize`; the newest first. */
export const WITH_HANDSHAKE = ['2025-11-25', '2025-06-18', '2025-03-26'] as const

export type Revision = (typeof STATELESS | typeof WITH_HANDSHAKE)[number]

/** The one that has no header to say so, and takes several messages at once. */
export const OLDEST = '2025-03-26'

export const isStateless = (revision: Revision): boolean => (STATELESS as readonly string[]).includes(revision)

const VERSION = 'io.modelcontextprotocol/protocolVersion'
const CAPABILITIES = 'io.modelcontextprotocol/clientCapabilities'

/** Whether a message says which revision it is in, as since 2026-07-28 each does. */
const versionIn = (message: RpcMessage): unknown => metaOf(message)?.[VERSION]

const metaOf = (message: RpcMessage) => (message.kind === 'response' ? undefined : asObject(message.params._meta))

/**
 * The revision that a message is in. Throws an RpcError where it is none of ours, or where the headers say something else
 * than the message, as what stands in between would have believed them.
 */
export function revisionOf(message: RpcMessage, headers: GatewayContext['headers']): Revision {
  const inHeader = headers['mcp-protocol-version']?.join(', ')
  const inMessage = versionIn(message)
  if (inMessage === undefined) {
    const revision = inHeader ?? OLDEST
    if (isOneOf(WITH_HANDSHAKE, revision)) return revision
    if (isOneOf(STATELESS, revision)) throw incomplete(VERSION)
    throw unsupported(revision)
  }
  if (!isOneOf(STATELESS, inMessage)) throw unsupported(String(inMessage))
  if (message.kind !== 'request') return inMessage
  if (asObject(metaOf(message)?.[CAPABILITIES]) === undefined) throw incomplete(CAPABILITIES)
  compare('MCP-Protocol-Version', inHeader, inMessage)
  compare('Mcp-Method', headers['mcp-method']?.join(', '), message.method)
  if (message.method === 'tools/call')
    compare('Mcp-Name', decode(headers['mcp-name']?.join(', ')), String(message.params.name))
  return inMessage
}

const isOneOf = <const V extends string>(revisions: readonly V[], value: unknown): value is V =>
  (revisions as readonly unknown[]).includes(value)

const unsupported = (requested: string) =>
  new RpcError(UNSUPPORTED_PROTOCOL_VERSION, `The revision ${requested.slice(0, 100)} is not spoken here.`, {
    ...{ status: 400, data: { supported: [...STATELESS, ...WITH_HANDSHAKE], requested } },
  })

const incomplete = (key: string) =>
  new RpcError(INVALID_PARAMS, `params._meta needs ${key} in this revision.`, { status: 400 })

function compare(name: string, sent: string | undefined, expected: string) {
  if (sent === expected) return
  const what = sent === undefined ? 'is missing' : 'differs from the message'
  throw new RpcError(HEADER_MISMATCH, `The header ${name} ${what}.`, { status: 400 })
}

const ENCODED = /^=\?base64\?(.*)\?=$/s

/** A value that a header cannot carry comes in Base64, of its UTF-8. */
function decode(value: string | undefined): string | undefined {
  const encoded = ENCODED.exec(value ?? '')?.[1]
  return encoded === undefined ? value : Buffer.from(encoded, 'base64').toString()
}
