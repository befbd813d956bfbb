import { parseHeaderList } from '../contract/schema/header-list.ts'
import type { TextKind } from '../contract/schema/text-kinds.ts'
import type { ReplyOfCallData } from './call-data.ts'

/** The headers that a reply declares, decoded; one that did not come is left out. */
export const readReplyHeaders = (kinds: NonNullable<ReplyOfCallData['headerKinds']>, headers: Headers) =>
  Object.fromEntries(
    Object.entries(kinds).flatMap(([name, kind]) => {
      const text = headers.get(name)
      return text === null ? [] : [[name, decode(text, kind)]]
    }),
  )

function decode(text: string, kind: TextKind | undefined): unknown {
  if (kind?.endsWith('[]')) return parseHeaderList([text]).map((element) => decodeOne(element, kind))
  return decodeOne(text, kind)
}

function decodeOne(text: string, kind: TextKind | undefined): unknown {
  if (kind?.startsWith('number')) return Number(text)
  return kind?.startsWith('boolean') ? text === 'true' : text
}
