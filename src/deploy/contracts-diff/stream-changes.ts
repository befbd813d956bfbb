import { isOneOf } from '../../contract/index.ts'
import type { EndpointData, FileData } from '../contracts-data.ts'
import type { JsonSchema } from '../json-schema.ts'
import { findIncompatibilities } from './find-incompatibilities.ts'
import { breaks, type Change, describeToReaders, describeToSenders, note, toChanges } from './finding.ts'
import { nodeOf } from './schema-node.ts'

/** What a changed stream or form means to those who send it. */
export function bodyStreamChanges(before: EndpointData, after: EndpointData): readonly Change[] {
  const [old, now] = [before.route.bodyStream, after.route.bodyStream]
  if (!old && !now) return []
  const [was, is] = [kindOf(before), kindOf(after)]
  if (was !== is) return [breaks('callers', `body is ${is} now, and was ${was}`)]
  const lost = (old?.types ?? []).filter((type) => !isOneOf(now?.types ?? [], type))
  const [most, least] = [old?.maxBytes ?? 0, now?.maxBytes ?? 0]
  return [
    ...(lost.length > 0 ? [breaks('callers', `body is not taken as ${lost.join(' or ')} any more`)] : []),
    ...(least < most ? [breaks('callers', `body may have ${least} bytes now, and had ${most}`)] : []),
    ...((now?.maxMs ?? 0) < (old?.maxMs ?? 0)
      ? [note(`body may take ${now?.maxMs} ms now, and had ${old?.maxMs}`)]
      : []),
    ...itemChanges(before, after),
    ...formChanges(before, after),
  ]
}

function itemChanges(before: EndpointData, after: EndpointData): readonly Change[] {
  const [was, is] = [before.route.bodyStream?.maxItemBytes, after.route.bodyStream?.maxItemBytes]
  if (!after.item || is === undefined) return []
  // Bytes could be any lines.
  if (!before.item || was === undefined) return [breaks('callers', 'each line of body has a schema now, and had none')]
  return [
    ...(is < was ? [breaks('callers', `a line of body may have ${is} bytes now, and had ${was}`)] : []),
    ...toChanges(
      findIncompatibilities([nodeOf(before.item)], [nodeOf(after.item)], { path: 'item', defaults: true }),
      describeToSenders,
      'callers',
    ),
  ]
}

function formChanges(before: EndpointData, after: EndpointData): readonly Change[] {
  if (!after.route.bodyStream?.form) return []
  const { fields: from = EMPTY, files: old = {} } = before
  const { fields: to = EMPTY, files = {} } = after
  const gone = Object.keys(old).filter((name) => !Object.hasOwn(files, name))
  const needed = Object.entries(files).filter(([name, { required }]) => required && !old[name]?.required)
  const narrowed = Object.entries(old).flatMap(([name, file]) => fileChanges(name, file, files[name]))
  const found = findIncompatibilities([nodeOf(from)], [nodeOf(to)], { path: 'body', text: true, defaults: true })
  return [
    ...gone.map((name) => breaks('callers', `the file body.${name} is refused now`)),
    ...needed.map(([name]) => breaks('callers', `the file body.${name} is required now`)),
    ...narrowed,
    ...toChanges(found, describeToSenders, 'callers'),
  ]
}

/** An Ebb of before these were described has written neither types nor bytes. */
function fileChanges(name: string, before: FileData, after: FileData | undefined): readonly Change[] {
  if (!before.types || !before.maxBytes || !after?.types || !after.maxBytes) return []
  const { types, maxBytes } = after
  const lost = before.types.filter((type) => !isOneOf(types, type))
  return [
    ...(lost.length > 0
      ? [breaks('callers', `the file body.${name} is not taken as ${lost.join(' or ')} any more`)]
      : []),
    ...(maxBytes < before.maxBytes
      ? [breaks('callers', `the file body.${name} may have ${maxBytes} bytes now, and had ${before.maxBytes}`)]
      : []),
  ]
}

const EMPTY: JsonSchema = { type: 'object', properties: {}, additionalProperties: false }

/** What a changed stream means to those who read it. */
export function replyStreamChanges(before: EndpointData, after: EndpointData): readonly Change[] {
  const [old, now] = [before.route.replyStream?.type, after.route.replyStream?.type]
  if (old !== now) return [breaks('readers', `the reply is ${now ?? 'JSON'} now, and was ${old ?? 'JSON'}`)]
  const [item, newItem] = [before.replies[0]?.item, after.replies[0]?.item]
  if (!item || !newItem) return []
  const found = findIncompatibilities([nodeOf(newItem)], [nodeOf(item)], { path: 'item', reader: true })
  return toChanges(found, describeToReaders, 'readers')
}

/** What a changed WebSocket means to those who open it, besides what its messages are. */
export function connectionChanges(before: EndpointData, after: EndpointData): readonly Change[] {
  const [old, now] = [before.route.upgrade, after.route.upgrade]
  if (!old || !now) return []
  const lost = (before.subprotocols ?? []).filter((name) => !after.subprotocols?.includes(name))
  const [most, least] = [old.maxMessageBytes, now.maxMessageBytes]
  return [
    ...(lost.length > 0 ? [breaks('callers', `it does not speak ${lost.join(' or ')} any more`)] : []),
    ...(least < most ? [breaks('callers', `a message may have ${least} bytes now, and had ${most}`)] : []),
    ...(now.maxSeconds < old.maxSeconds
      ? [note(`a connection lives for ${now.maxSeconds} s now, and did for ${old.maxSeconds}`)]
      : []),
  ]
}

function kindOf({ route, body }: EndpointData): string {
  if (route.bodyStream) return route.bodyStream.form ? 'a form' : 'a stream'
  return body ? 'JSON' : 'none'
}
