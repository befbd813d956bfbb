import type { Directives } from './cache-control.ts'
import { unquote } from './fields.ts'

/**
 * Reads a Dictionary of Structured Fields (RFC 9651, 4.2.2) as cache directives (RFC 9213, 2.1): true is a directive without
 * argument, false is none, parameters mean nothing. Undefined where it is empty or does not parse: then the whole field is
 * ignored.
 */
export function parseTargetedDirectives(lines: readonly string[]): Directives | undefined {
  const text = lines.join(', ').replace(/^ +| +$/g, '')
  const directives = new Map<string, string>()
  let at = 0
  /** Takes what matches here; undefined where nothing does. */
  const take = (pattern: RegExp): string | undefined => {
    pattern.lastIndex = at
    const found = pattern.exec(text)?.[0]
    if (found !== undefined) at += found.length
    return found
  }
  const takeParameters = (): boolean => {
    while (take(SEMICOLON) !== undefined) {
      if (take(KEY) === undefined || (take(EQUALS) !== undefined && take(BARE_ITEM) === undefined)) return false
    }
    return true
  }
  while (at < text.length) {
    const name = take(KEY)
    if (name === undefined) return undefined
    const value = take(EQUALS) === undefined ? '?1' : (take(INNER_LIST) ?? take(BARE_ITEM))
    if (value === undefined || !takeParameters()) return undefined
    directives.delete(name)
    if (value !== '?0') directives.set(name, toArgument(name, value))
    take(SPACES)
    if (at === text.length) break
    if (take(COMMA) === undefined) return undefined
    // A comma at the end is an error.
    if (at === text.length) return undefined
  }
  return directives.size > 0 ? directives : undefined
}

/** Only what names fields is a string; of seconds it is the wrong type, and keeps its quotes, so that it is no number. */
const toArgument = (name: string, value: string): string => {
  if (value === '?1') return ''
  return name === 'no-cache' || name === 'private' ? unquote(value) : value
}

const KEY = /[a-z*][a-z0-9_\-.*]*/y
const EQUALS = /=/y
const SPACES = /[ \t]*/y
const COMMA = /,[ \t]*/y
const SEMICOLON = /; */y
const STRING = '"(?:[ !#-\\[\\]-~]|\\\\["\\\\])*"'
const BARE = `-?\\d{1,12}\\.\\d{1,3}(?!\\d)|-?\\d{1,15}(?![\\d.])|${STRING}|[A-Za-z*][A-Za-z0-9!#$%&'*+.^_\`|~:/-]*|:[A-Za-z0-9+/=]*:|\\?[01]|@-?\\d{1,15}|%"[ !#-~]*"`
const BARE_ITEM = new RegExp(BARE, 'y')
const INNER_LIST = /\([^()]*\)/y
