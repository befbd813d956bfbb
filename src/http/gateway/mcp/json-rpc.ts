/** The id of a request, which its response repeats. */
export type RpcId = string | number

/** A message of JSON-RPC 2.0 as the protocol has it: neither an id of null, nor parameters by position. */
export type RpcMessage =
  | { readonly kind: 'request'; readonly id: RpcId; readonly method: string; readonly params: RpcParams }
  | { readonly kind: 'notification'; readonly method: string; readonly params: RpcParams }
  /** To a request of the server, of which this one makes none. */
  | { readonly kind: 'response' }

export type RpcParams = Readonly<Record<string, unknown>>

/** An error of the protocol itself, and not of a tool. */
export class RpcError extends Error {
  override readonly name = 'RpcError'
  readonly code: number
  readonly data: unknown
  /** The status of the HTTP response, where a revision says so; else it is 200. */
  readonly status: number

  constructor(code: number, message: string, { status = 200, data }: { status?: number; data?: unknown } = {}) {
    super(message)
    this.code = code
    this.status = status
    this.data = data
  }
}

export const PARSE_ERROR = -32_700
export const INVALID_REQUEST = -32_600
export const METHOD_NOT_FOUND = -32_601
export const INVALID_PARAMS = -32_602
/** Of MCP, since 2026-07-28. */
export const HEADER_MISMATCH = -32_020
export const UNSUPPORTED_PROTOCOL_VERSION = -32_022

/** Reads one message. Throws an RpcError where it is none. */
export function readMessage(value: unknown): RpcMessage {
  const { jsonrpc, id, method, params = {} } = asObject(value) ?? {}
  const refuse = (message: string) => new RpcError(INVALID_REQUEST, message, { status: 400 })
  if (jsonrpc !== '2.0') throw refuse('A message is an object whose jsonrpc is "2.0".')
  if (id !== undefined && typeof id !== 'string' && !Number.isInteger(id))
    throw refuse('The id of a message is a text or a whole number.')
  if (method === undefined && id !== undefined) return { kind: 'response' }
  if (typeof method !== 'string') throw refuse('The method of a message is a text.')
  const named = asObject(params)
  if (!named) throw refuse('The params of a message are an object.')
  // Checked above: a text or a whole number.
  return id === undefined
    ? { kind: 'notification', method, params: named }
    : { kind: 'request', id: id as RpcId, method, params: named }
}

/** The value where it is an object, and no list. */
export const asObject = (value: unknown): RpcParams | undefined =>
  typeof value === 'object' && value !== null && !Array.isArray(value) ? (value as RpcParams) : undefined

/** A response whose result is written already. */
export const resultJson = (id: RpcId, result: string): string =>
  `{"jsonrpc":"2.0","id":${JSON.stringify(id)},"result":${result}}`

/** The response to a request that failed; without an id where none could be read. */
export const errorJson = (id: RpcId | undefined, { code, message, data }: RpcError): string =>
  JSON.stringify({ jsonrpc: '2.0', id, error: { code, message, data } })
