import { findSegmentIssue, Problem, type Route, type Strings, type ValidationIssue } from '../../../contract/index.ts'
import { FITS_HEADER, isAbsent, toHeaderTexts, toSearch } from '../../../protocol/write-request.ts'
import { MAX_CALLER_HEADER_BYTES } from '../../header-limits.ts'
import { bodyTooLarge, invalidRequest } from '../../request-problems.ts'
import { HEADERS_TOO_LARGE } from '../steps/normalise.ts'
import { asObject, type RpcParams } from './json-rpc.ts'

/** A tool call as HTTP has it. */
export interface ToolRequest {
  readonly path: string
  readonly query: string
  /** Decoded. */
  readonly params: Strings
  readonly headers: Record<string, string[]>
  readonly body: Uint8Array
}

const PARTS = ['params', 'query', 'headers', 'body', 'idempotencyKey']
const NAMED_PARTS = ['params', 'query', 'headers'] as const

/** Writes the arguments of a tool as a request to its endpoint; a Problem for what HTTP cannot carry. The rest its contract checks. */
export function toToolRequest(route: Route, args: RpcParams): ToolRequest | Problem {
  const { body, idempotencyKey } = args
  const [params, query, headers] = NAMED_PARTS.map((part) => asObject(args[part] ?? {}))
  if (!params || !query || !headers) {
    const broken = NAMED_PARTS.filter((part) => !asObject(args[part] ?? {}))
    return invalidRequest(broken.map((path) => ({ path, message: 'Must be an object' })))
  }
  const issues = [
    ...unknownKeys(args, PARTS),
    ...paramIssues(route, params),
    ...Object.entries(query).flatMap(([name, value]) => textIssues(`query.${name}`, value)),
    ...headerIssues(route, headers),
    ...keyIssues(route, idempotencyKey),
  ]
  if (issues.length > 0) return invalidRequest(issues)
  const path = route.path.replaceAll(PARAMETER, (_, name: string) => encodeURIComponent(String(params[name])))
  const search = toSearch(query)
  const texts = {
    ...toHeaderTexts(headers),
    ...(idempotencyKey === undefined ? {} : { 'idempotency-key': String(idempotencyKey) }),
    ...(body === undefined ? {} : { 'content-type': mediaTypeOf(route, body) }),
  }
  const lines = Object.entries(texts)
  if (lines.reduce((sum, line) => sum + line.join().length + 4, path.length + search.length) > MAX_CALLER_HEADER_BYTES)
    return new Problem('headers_too_large', 431, HEADERS_TOO_LARGE)
  const bytes = body === undefined ? EMPTY : Buffer.from(JSON.stringify(body))
  if (bytes.length > route.maxBodyBytes) return bodyTooLarge(route.maxBodyBytes)
  return {
    ...{ path, query: search, body: bytes },
    params: Object.fromEntries(Object.entries(params).map(([name, value]) => [name, [String(value)]])),
    headers: Object.fromEntries(lines.map(([name, text]) => [name, [text]])),
  }
}

/** Of a contract that takes both patches, a list is the one that has operations. */
const mediaTypeOf = ({ bodyTypes = ['application/json'] }: Route, body: unknown): string =>
  bodyTypes.find((type) => type.includes('json-patch') === Array.isArray(body)) ?? bodyTypes.join()

const PARAMETER = /\{(\w+)\}/g
const EMPTY = new Uint8Array()

const unknownKeys = (given: RpcParams, known: readonly string[], part = ''): readonly ValidationIssue[] =>
  Object.keys(given).flatMap((key) => (known.includes(key) ? [] : [{ path: part + key, message: 'Unknown key' }]))

function paramIssues({ path }: Route, params: RpcParams): readonly ValidationIssue[] {
  const names = [...path.matchAll(PARAMETER)].map(([, name = '']) => name)
  const issues = names.flatMap((name): readonly ValidationIssue[] => {
    const issue = isAbsent(params[name]) ? 'is missing' : findSegmentIssue(params[name])
    return issue === undefined ? [] : [{ path: `params.${name}`, message: `It ${issue}` }]
  })
  return [...unknownKeys(params, names, 'params.'), ...issues]
}

function headerIssues({ headers: known }: Route, headers: RpcParams): readonly ValidationIssue[] {
  const issues = Object.entries(headers).flatMap(([name, value]) => textIssues(`headers.${name}`, value))
  if (issues.length > 0) return issues
  const unfit = Object.entries(toHeaderTexts(headers)).filter(([, text]) => !FITS_HEADER.test(text))
  return [
    ...unknownKeys(headers, known, 'headers.'),
    ...unfit.map(([name]) => ({ path: `headers.${name}`, message: 'Has a character that a header cannot carry' })),
  ]
}

/** A query and a header carry texts: a value that is written as one, or a list of these. */
function textIssues(path: string, value: unknown): readonly ValidationIssue[] {
  const values = Array.isArray(value) ? value : [value]
  return values.every((one) => isAbsent(one) || ['string', 'number', 'boolean'].includes(typeof one))
    ? []
    : [{ path, message: 'Must be a text, a number, a boolean, or a list of these' }]
}

/** Its form is checked with the rest, as in HTTP. */
function keyIssues({ idempotent }: Route, key: unknown): readonly ValidationIssue[] {
  const path = 'idempotencyKey'
  if (key === undefined) return idempotent ? [{ path, message: 'Missing; this tool needs one' }] : []
  if (!idempotent) return [{ path, message: 'None is expected here' }]
  return typeof key === 'string' && FITS_HEADER.test(key) && key !== '' ? [] : [{ path, message: 'Must be a text' }]
}
