import { parsePathTemplate, type Route } from '../../contract/index.ts'
import type { EndpointData } from '../contracts-data.ts'
import type { JsonSchema } from '../json-schema.ts'
import { findIncompatibilities } from './find-incompatibilities.ts'
import {
  breaks,
  type Change,
  type Comparison,
  describeToReaders,
  describeToSenders,
  type Incompatibility,
  note,
  toChanges,
} from './finding.ts'
import { replyChanges } from './reply-changes.ts'
import { nodeOf } from './schema-node.ts'
import { bodyStreamChanges, connectionChanges, replyStreamChanges } from './stream-changes.ts'

/** What a changed endpoint means to its callers. */
export function endpointChanges(before: EndpointData, after: EndpointData): readonly Change[] {
  return [
    ...addressChanges(before, after),
    ...accessChanges(before.route, after.route),
    ...(after.route.tenancy && !before.route.tenancy
      ? [breaks('callers', 'callers without a tenant are refused now')]
      : []),
    ...(before.route.tool && !after.route.tool ? [breaks('callers', 'it is not a tool for agents any more')] : []),
    ...repetitionChanges(before.route, after.route),
    ...inputChanges(before, after),
    ...(isStreamed(before) || isStreamed(after) ? replyStreamChanges(before, after) : replyChanges(before, after)),
    ...connectionChanges(before, after),
    ...conditionChanges(before.route, after.route),
    ...failureChanges(before, after),
    ...limitNotes(before.route, after.route),
    ...deprecationChanges(before.route, after.route),
  ]
}

const isStreamed = ({ route }: EndpointData) => route.replyStream !== undefined

function addressChanges(before: EndpointData, after: EndpointData): readonly Change[] {
  const [old, now] = [before.route, after.route]
  return [
    ...(old.method === now.method ? [] : [breaks('callers', `the method is ${now.method} now, and was ${old.method}`)]),
    ...(shapeOf(before) === shapeOf(after)
      ? []
      : [breaks('callers', `the path is ${now.path} now, and was ${old.path}`)]),
    ...(old.name === now.name ? [] : [note(`was called ${old.name}, and typed clients must follow`)]),
  ]
}

/** Callers who said no version, and media types that were sent. */
function conditionChanges(before: Route, after: Route): readonly Change[] {
  const changes: Change[] = []
  const isRequired = ({ conditional, readOnly }: Route) => conditional === true && !readOnly
  if (isRequired(after) && !isRequired(before))
    changes.push(breaks('callers', 'If-Match or If-None-Match is required now'))
  if (before.conditional && !after.conditional) changes.push(breaks('callers', 'If-Match is not compared any more'))
  const [olds, news] = [before, after].map(({ bodyTypes, hasBody }) => bodyTypes ?? (hasBody ? [JSON_TYPE] : []))
  const gone = (olds ?? []).filter((type) => !news?.includes(type))
  if (gone.length > 0 && after.hasBody)
    changes.push(breaks('callers', `the body is not taken as ${gone.join(' or ')} any more`))
  return changes
}

const JSON_TYPE = 'application/json'

/** Clients retry requests that the contract declared safe to repeat. */
function repetitionChanges(before: Route, after: Route): readonly Change[] {
  const changes: Change[] = []
  if (!before.idempotent && after.idempotent) changes.push(breaks('callers', 'an Idempotency-Key is required now'))
  if (before.idempotent && !after.idempotent && !after.readOnly)
    changes.push(breaks('callers', 'a repeated Idempotency-Key has a second effect now'))
  if (before.async && !after.async) changes.push(breaks('callers', 'it is not called asynchronously any more'))
  if (before.readOnly && !after.readOnly && !after.idempotent && before.method === after.method)
    changes.push(breaks('callers', 'it does not only read any more, and callers may repeat it'))
  return changes
}

/** A new code refuses what succeeded before, and is missing in an exhaustive switch. */
function failureChanges({ failures, failureData = {} }: EndpointData, after: EndpointData): readonly Change[] {
  return Object.entries(after.failures).flatMap(([code, status]) => {
    const before = failures[code]
    if (before === undefined) return [breaks('callers', `it may fail with ${code} (${status}) now`)]
    if (before !== status) return [breaks('callers', `${code} has the status ${status} now, and had ${before}`)]
    const [old, now] = [failureData[code], after.failureData?.[code]]
    if (!old) return []
    if (!now) return [breaks('readers', `the data of ${code} are gone`)]
    const found = findIncompatibilities([nodeOf(now)], [nodeOf(old)], { path: `${code}.data`, reader: true })
    return toChanges(found, describeToReaders, 'readers')
  })
}

export function limitNotes(before: Route, after: Route): readonly Change[] {
  const notes: Change[] = []
  const { limit } = after
  if (limit && isTighter(before.limit, limit)) {
    const { requests, perSeconds, burst } = limit
    notes.push(note(`the limit is tighter now: ${requests} requests in ${perSeconds} s, ${burst} at once`))
  }
  const [kept, keptNow] = [oldestSeconds(before), oldestSeconds(after)]
  if (keptNow > kept) notes.push(note(`a reply may be ${keptNow} s old now, and ${kept} s before`))
  if (after.timeoutMs < before.timeoutMs) {
    notes.push(note(`it has ${after.timeoutMs} ms to answer now, and had ${before.timeoutMs}`))
  }
  return notes
}

/** How old a reply may be while its function answers. */
const oldestSeconds = ({ cache }: Route) => (cache ? cache.maxAgeSeconds + cache.staleWhileRevalidateSeconds : 0)

/** Callers rely on a day that they were told. */
function deprecationChanges({ deprecated: before }: Route, { deprecated: after }: Route): readonly Change[] {
  if (!after) return []
  if (!before) return [note(`it is deprecated since ${after.since}`)]
  if (after.sunset === undefined || after.sunset >= (before.sunset ?? '')) return []
  return [breaks('callers', `it is to answer until ${after.sunset} now, and was until ${before.sunset}`)]
}

type Limit = NonNullable<Route['limit']>

const isTighter = (before: Limit | undefined, after: Limit) =>
  !before || after.requests / after.perSeconds < before.requests / before.perSeconds || after.burst < before.burst

/** Which callers could call before and cannot any more. */
export function accessChanges(before: Route, after: Route): readonly Change[] {
  if (after.internal && !before.internal)
    return [breaks('callers', 'it is internal now: no request from outside reaches it')]
  if (after.anonymous) return []
  const proof = after.dpop && !before.dpop ? [breaks('callers', 'a token with a proof of its key is required now')] : []
  if (before.anonymous)
    return [breaks('callers', 'callers without a key are refused now'), ...proof, ...scopeChanges(ANY_CALLER, after)]
  const judges = before.authorizer === after.authorizer ? [] : [breaks('callers', describeJudges(before, after))]
  return [...judges, ...proof, ...scopeChanges(before, after)]
}

const describeJudges = (before: Route, after: Route) =>
  `${after.authorizer ?? 'a key or a token'} says who calls now, and ${before.authorizer ?? 'a key or a token'} did`

type Access = Pick<Route, 'scopes' | 'owner' | 'policy'>

const ANY_CALLER: Access = { scopes: [], owner: false, policy: false }

function scopeChanges(before: Access, after: Access): readonly Change[] {
  const isUnrestricted = ({ scopes, owner }: Access) => scopes.length === 0 && !owner
  const decided = after.policy && !before.policy ? [breaks('callers', 'the policy decides now who may call')] : []
  if (isUnrestricted(after)) return decided
  // Without scopes an owner's route is for the owner alone.
  const byScope = isUnrestricted(before) || before.scopes.length > 0
  const missing = after.scopes.filter((scope) => !before.scopes.includes(scope))
  const changes: Change[] = [...decided]
  if (byScope && after.scopes.length === 0) changes.push(breaks('callers', 'only the owner may call now'))
  if (byScope && missing.length > 0)
    changes.push(breaks('callers', `the scope ${missing.join(' and ')} is required now`))
  if (before.owner && !after.owner)
    changes.push(breaks('callers', 'the owner may not call without the scopes any more'))
  return changes
}

/** What could be sent before and cannot any more. */
function inputChanges(before: EndpointData, after: EndpointData): readonly Change[] {
  const { query = EMPTY, headers = EMPTY, cookies = EMPTY } = before
  return [
    ...paramChanges(before, after),
    ...toChanges(compare('query', query, after.query ?? EMPTY, { text: true }), describeToSenders, 'callers'),
    ...toChanges(
      compare('headers', headers, open(after.headers ?? EMPTY), { text: true }),
      describeToSenders,
      'callers',
    ),
    ...toChanges(
      compare('cookies', cookies, open(after.cookies ?? EMPTY), { text: true }),
      describeToSenders,
      'callers',
    ),
    ...bodyChanges(before, after),
  ]
}

const EMPTY: JsonSchema = { type: 'object', properties: {}, additionalProperties: false }

/** Headers that a contract does not name are ignored. */
const open = ({ additionalProperties: _closed, ...rest }: JsonSchema): JsonSchema => rest

const compare = (
  path: string,
  from: JsonSchema,
  to: JsonSchema,
  options: Comparison = {},
): readonly Incompatibility[] =>
  findIncompatibilities([nodeOf(from)], [nodeOf(to)], { defaults: true, ...options, path })

function bodyChanges(before: EndpointData, after: EndpointData): readonly Change[] {
  if (before.route.bodyStream || after.route.bodyStream) return bodyStreamChanges(before, after)
  if (!after.body) return before.body ? [breaks('callers', 'body is refused now')] : []
  const missing = after.bodyRequired && !before.bodyRequired ? [breaks('callers', 'body is required now')] : []
  if (!before.body) return missing
  return [...missing, ...toChanges(compare('body', before.body, after.body), describeToSenders, 'callers')]
}

/** Parameters are compared by their place in the path: a new name breaks no request. */
function paramChanges(before: EndpointData, after: EndpointData): readonly Change[] {
  if (shapeOf(before) !== shapeOf(after)) return []
  const [olds, news] = [before, after].map(({ route }) => parsePathTemplate(route.path).names)
  return (olds ?? []).flatMap((old, i): readonly Change[] => {
    const name = news?.[i] ?? old
    const [from, to] = [before.params?.properties?.[old], after.params?.properties?.[name]]
    const renamed = name === old ? [] : [note(`params.${old} is called ${name} now, and typed clients must follow`)]
    if (!from || !to || !before.params || !after.params) return renamed
    const [sub, sup] = [
      { schema: from, document: before.params },
      { schema: to, document: after.params },
    ]
    return [
      ...renamed,
      ...toChanges(
        findIncompatibilities([sub], [sup], { path: `params.${name}`, text: true }),
        describeToSenders,
        'callers',
      ),
    ]
  })
}

/** The path with its parameters' names left out: equal for paths that match the same requests. */
export const shapeOf = ({ route }: Pick<EndpointData, 'route'>): string => route.path.replaceAll(/\{\w+\}/g, '{}')
