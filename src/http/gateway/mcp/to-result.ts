import type { CollectedResponse } from './collect-response.ts'

export interface ResultOptions {
  /** Whether results say that they are complete, as since 2026-07-28. */
  readonly stateless: boolean
  /** Whether the tool says of what form its results are. */
  readonly structured: boolean
}

/**
 * The response of an endpoint as the result of a tool, in JSON: as text for every client, and as it is where the revision and
 * the tool have that. A refusal is a result, too, for the model to do better. Clients with a handshake hold even that against the
 * schema of the result, so that they get it as text only.
 */
export function toToolResult(response: CollectedResponse, { stateless, structured }: ResultOptions): string {
  const { status, headers, body } = response
  const text = Buffer.from(body).toString()
  const isError = status >= 400
  const isStructured = (isError ? stateless : structured) && isJson(text)
  const fields = [
    ...(stateless ? ['"resultType":"complete"'] : []),
    `"content":[${JSON.stringify({ type: 'text', text: text === '' ? describeEmpty(response) : text })}]`,
    // As the function wrote it: parsed and written again, a number might lose digits.
    ...(isStructured ? [`"structuredContent":${text}`] : []),
    ...(isError ? ['"isError":true'] : []),
    `"_meta":${JSON.stringify({ 'ebb/status': status, ...metaOf(headers) })}`,
  ]
  return `{${fields.join()}}`
}

/** What a reply without a body says: a redirect, where to go on. */
const describeEmpty = ({ status, headers: { location } }: CollectedResponse) =>
  status >= 300 && status < 400 && location !== undefined ? `Go on at ${location}` : 'Done.'

const TOLD = ['location', 'etag', 'retry-after', 'idempotency-replayed']

const metaOf = (headers: CollectedResponse['headers']) =>
  Object.fromEntries(TOLD.flatMap((name) => (headers[name] === undefined ? [] : [[`ebb/${name}`, headers[name]]])))

function isJson(text: string): boolean {
  try {
    JSON.parse(text)
    return true
  } catch {
    return false
  }
}
