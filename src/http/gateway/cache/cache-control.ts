import { splitList, unquote } from './fields.ts'

/** The directives of Cache-Control by their names in lower case; '' where one has no argument. */
export type Directives = ReadonlyMap<string, string>

/** RFC 9111, 1.2.2: what is larger counts as this. */
export const MAX_SECONDS = 2 ** 31

/**
 * Reads Cache-Control (RFC 9111, 5.2). Of a directive that comes twice the first is used (4.2.1), but for the fields that
 * `no-cache` and `private` name, which add up, and where one of them names none, it means them all.
 */
export function parseCacheControl(lines: readonly string[]): Directives {
  const directives = new Map<string, string>()
  for (const line of lines) {
    for (const member of splitList(line)) {
      const mark = member.indexOf('=')
      const name = (mark < 0 ? member : member.slice(0, mark)).trim().toLowerCase()
      const argument = mark < 0 ? '' : unquote(member.slice(mark + 1))
      const known = directives.get(name)
      if (known === undefined) directives.set(name, spaced(member, mark) ? INVALID : argument)
      else if (FIELD_LISTS.has(name))
        directives.set(name, known === '' || argument === '' ? '' : `${known},${argument}`)
    }
  }
  return directives
}

const FIELD_LISTS = new Set(['no-cache', 'private'])
/** No argument has such a value. */
const INVALID = '?'

/** `max-age =1` and `max-age= 1` are no directives: what they were to say is not known. */
const spaced = (member: string, mark: number) =>
  mark > 0 && (SPACE.test(member[mark - 1] ?? '') || SPACE.test(member[mark + 1] ?? ''))
const SPACE = /\s/

/**
 * The seconds of a directive: undefined where it is absent; 0 where it is not a number, so that what it is about counts as
 * stale (RFC 9111, 4.2.1).
 */
export function secondsOf(directives: Directives, name: string): number | undefined {
  const argument = directives.get(name)
  return argument === undefined ? undefined : (parseDeltaSeconds(argument) ?? 0)
}

/** Whole seconds, not negative; undefined where the text is anything else. */
export const parseDeltaSeconds = (text: string): number | undefined =>
  DIGITS.test(text) ? Math.min(Number(text), MAX_SECONDS) : undefined

const DIGITS = /^[0-9]+$/

/** Whether `no-cache` or `private` means the whole response. */
export const isWhole = (directives: Directives, name: 'no-cache' | 'private'): boolean =>
  directives.get(name)?.trim() === ''

/** The fields that `no-cache` and `private` name, in lower case: they must not be stored, or not be used without validation. */
export function namedFields(directives: Directives): readonly string[] {
  const lists = [directives.get('no-cache') ?? '', directives.get('private') ?? '']
  return lists.flatMap((list) => splitList(list)).map((name) => name.toLowerCase())
}
