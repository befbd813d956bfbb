import * as z from 'zod'
import { checkKeys, checkSchema, type Refuse } from './check-common.ts'
import { MAX_BODY_BYTES, MAX_FORM_FILES_BYTES, MAX_STREAM_BYTES, MAX_STREAM_LIMIT_MS } from './defaults.ts'
import type { EndpointShape } from './endpoint-shape.ts'
import { usualReply } from './reply.ts'
import { findNonScalar } from './schema/decode-strings.ts'
import { typeOf } from './schema/schema-def.ts'
import { streamedBodyOf } from './streams/body-kind.ts'
import type { FormBody } from './streams/form.ts'
import { isMediaRange, isMediaType } from './streams/media-types.ts'
import { EVENT_STREAM, NDJSON } from './streams/reply-stream.ts'
import type { StreamBody, StreamOptions } from './streams/stream.ts'

const WITH_ITEMS = [NDJSON, EVENT_STREAM]

/** Refuses a streamed body or a form that cannot be kept. */
export function checkBodyStream(
  { body: given, idempotent, async, tool, examples = {} }: EndpointShape,
  refuse: Refuse,
) {
  const body = streamedBodyOf({ body: given })
  if (!body) return
  if (body.kind === 'stream') checkStream(body, refuse)
  else checkForm(body, refuse)
  const what = body.kind === 'stream' ? 'a streamed body' : 'a form'
  refuse(
    !!idempotent,
    `${what} is not kept, so a repeated one cannot be told from another; drop \`idempotent\`, or let callers PUT it to an id of theirs`,
  )
  refuse(!!async, `${what} is not kept for a later call; drop \`async\``)
  refuse(tool !== undefined, `an agent sends JSON, and not ${what}; drop \`tool\``)
  const shown = Object.entries(examples).find(([, example]) => example.body !== undefined)?.[0]
  refuse(shown !== undefined, `example "${shown}" has a body, but an example cannot show ${what}; take it out`)
}

function checkStream({ kind: _kind, ...options }: StreamBody, refuse: Refuse) {
  checkKeys(options, ['type', 'maxBytes', 'maxMs', 'item', 'maxItemBytes'], refuse)
  const { type, maxBytes } = options
  const types = [type].flat()
  refuse(types.length === 0, '`body: stream()` needs a `type`, such as text/csv or application/octet-stream')
  for (const one of types) checkRange(one, '`body: stream()`', refuse)
  refuse(types.includes('application/json'), 'a body of JSON has a schema; write it in place of `stream()`')
  refuse(
    types.some((one) => one.startsWith('multipart/')),
    'multipart/form-data is a form; write `body: form({ … })` in place of `stream()`',
  )
  refuse(!isSize(maxBytes), `\`body: stream()\` needs \`maxBytes\`, whole and 1 to ${MAX_STREAM_BYTES}`)
  checkMaxMs(options, '`body: stream()`', refuse)
  checkItems(options, refuse)
}

function checkItems({ type, item, maxItemBytes }: StreamOptions, refuse: Refuse) {
  refuse(
    item === undefined && maxItemBytes !== undefined,
    '`maxItemBytes` of `body: stream()` is the longest line of a body with an `item`; drop it, or add that',
  )
  if (item === undefined) return
  refuse(!(item instanceof z.ZodType), '`item` of `body: stream()` must be a zod schema')
  refuse(
    [type].flat().some((one) => one !== NDJSON),
    `a line that has a schema is one of ${NDJSON}; make that the only \`type\` of \`body: stream()\`, or drop \`item\``,
  )
  const fits = maxItemBytes === undefined || (isSize(maxItemBytes) && maxItemBytes <= MAX_BODY_BYTES)
  refuse(!fits, `\`maxItemBytes\` of \`body: stream()\` must be whole, and 1 to ${MAX_BODY_BYTES}`)
  checkSchema(item, { use: 'input', part: 'body.item' }, refuse)
}

function checkForm({ kind: _kind, ...options }: FormBody, refuse: Refuse) {
  checkKeys(options, ['fields', 'files'], refuse)
  const { fields, files = {} } = options
  refuse(!fields && Object.keys(files).length === 0, '`body: form()` needs `fields`, `files` or both')
  if (fields) {
    refuse(typeOf(fields) !== 'object', '`fields` of `body: form()` must be a z.object')
    checkSchema(fields, { use: 'input', part: 'body.fields' }, refuse)
    const issue = findNonScalar(fields)
    refuse(issue !== undefined, `in body.fields, ${issue}`)
  }
  for (const [name, file] of Object.entries(files)) {
    checkKeys(file, ['type', 'maxBytes', 'optional'], refuse)
    refuse(fields !== undefined && name in fields.shape, `the form has a field and a file ${name}; rename one of them`)
    for (const one of [file.type].flat()) checkRange(one, `the file ${name}`, refuse)
    refuse(!isSize(file.maxBytes), `the file ${name} needs \`maxBytes\`, whole and at least 1`)
  }
  const all = Object.values(files).reduce((sum, { maxBytes }) => sum + maxBytes, 0)
  refuse(
    all > MAX_FORM_FILES_BYTES,
    `the files of a form are read into memory, ${MAX_FORM_FILES_BYTES} bytes at most, not ${all}; for more use \`body: stream()\``,
  )
}

/** Refuses a streamed reply that cannot be kept. */
export function checkReplyStream(contract: EndpointShape, refuse: Refuse) {
  const { method, reads, idempotent, async, tool, cache, examples = {} } = contract
  const { stream, body, location, status } = usualReply(contract)
  if (!stream) return
  checkKeys(stream, ['type', 'item', 'maxMs'], refuse)
  const { type, item } = stream
  refuse(body !== undefined, 'a reply has a `body` or a `stream`; take one of them out')
  refuse(status === 204 || status === 205, `a ${status} has no body; use status 200 for a streamed reply`)
  refuse(
    location !== undefined,
    'reply.location is filled from reply.body, which a streamed reply has not; take it out',
  )
  refuse(!!idempotent, 'a streamed reply is not kept and cannot be replayed; drop `idempotent`')
  refuse(!!async, 'a streamed reply is not kept for later; drop `async`')
  refuse(tool !== undefined, 'an agent gets one JSON document, and not a streamed reply; drop `tool`')
  refuse(type === EVENT_STREAM && cache !== undefined, 'events are never the same again; drop `cache`')
  refuse(
    method !== 'GET' && !reads,
    'a streamed reply is sent before anything could be committed, so its handler only reads; use GET, or a POST that says `reads: true`',
  )
  refuse(
    typeof type !== 'string' || !isMediaType(type),
    `reply.stream.type "${String(type)}" must be one media type, such as text/csv`,
  )
  refuse(type === 'application/json', `one JSON document is a reply.body; for a stream of values use ${NDJSON}`)
  const hasItems = WITH_ITEMS.includes(type)
  refuse(
    hasItems && !(item instanceof z.ZodType),
    `a stream of ${type} needs \`item\`, the schema of each of its values`,
  )
  refuse(
    !hasItems && item !== undefined,
    `a stream of ${type} is bytes and has no \`item\`; that is for ${WITH_ITEMS.join(' and ')}`,
  )
  checkSchema(item, { use: 'output', part: 'reply.stream.item' }, refuse)
  checkMaxMs(stream, 'reply.stream', refuse)
  const shown = Object.entries(examples).find(([, example]) => example.reply !== undefined)?.[0]
  refuse(shown !== undefined, `example "${shown}" has a reply, but an example cannot show a streamed one; take it out`)
}

const checkRange = (type: unknown, where: string, refuse: Refuse) =>
  refuse(
    typeof type !== 'string' || !isMediaRange(type),
    `the type "${String(type)}" of ${where} must be a media type in lower case, such as text/csv or image/*`,
  )

const isSize = (bytes: unknown) => Number.isInteger(bytes) && Number(bytes) >= 1 && Number(bytes) <= MAX_STREAM_BYTES

function checkMaxMs({ maxMs }: { readonly maxMs?: number }, where: string, refuse: Refuse) {
  const fits = maxMs === undefined || (Number.isInteger(maxMs) && maxMs >= 1_000 && maxMs <= MAX_STREAM_LIMIT_MS)
  refuse(!fits, `\`maxMs\` of ${where} must be whole, and 1000 to ${MAX_STREAM_LIMIT_MS}`)
}
