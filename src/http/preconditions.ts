import { Problem, type ValidationIssue } from '../contract/index.ts'

/** The headers by which a request says which version it is about (RFC 9110, 13.1), each as it was sent. */
export interface Conditions {
  readonly match: readonly string[] | undefined
  readonly noneMatch: readonly string[] | undefined
}

/** An entity tag (RFC 9110, 8.8.3). */
const TAG = /(W\/)?"[\x21\x23-\x7e\x80-\xff]*"/g

type Headers = Readonly<Record<string, readonly string[] | undefined>>

export const conditionsOf = (headers: Headers): Conditions => ({
  match: headers['if-match'],
  noneMatch: headers['if-none-match'],
})

/** What is wrong with the conditions of a request, whatever there is: they are no entity tags. */
export function findConditionIssues({ match, noneMatch }: Conditions): readonly ValidationIssue[] {
  const given = { 'headers.if-match': match, 'headers.if-none-match': noneMatch }
  return Object.entries(given).flatMap(([path, lines]) =>
    lines === undefined || isList(lines.join())
      ? []
      : [{ path, message: 'Must be * or a list of entity tags, such as "7"' }],
  )
}

/** Whether it is `*`, or entity tags and what stands between them. */
function isList(text: string): boolean {
  if (text.trim() === '*') return true
  const between = text.replaceAll(TAG, '')
  return between.length < text.length && /^[\t ,]*$/.test(between)
}

/** RFC 6585, 3. */
export const preconditionRequired = () =>
  new Problem(
    'precondition_required',
    428,
    'Send the ETag of what you have read as If-Match, or `If-None-Match: *` to create it.',
  )

const preconditionFailed = () =>
  new Problem('precondition_failed', 412, 'It has changed since it was read; read it again.')

/**
 * Compares the conditions of a write with the current version, undefined where there is none (RFC 9110, 13.2.2). Throws 412 where
 * they do not hold.
 */
export function requireConditions({ match, noneMatch }: Conditions, current: string | undefined): void {
  if (match !== undefined && !includes(match, current, isStrong)) throw preconditionFailed()
  if (match === undefined && noneMatch !== undefined && includes(noneMatch, current, isSame)) throw preconditionFailed()
}

/** Whether the caller of a GET has this version already, so that it gets a 304. Throws 412 where it asks for another one. */
export function isNotModified({ match, noneMatch }: Conditions, current: string): boolean {
  if (match !== undefined && !includes(match, current, isStrong)) throw preconditionFailed()
  return noneMatch !== undefined && includes(noneMatch, current, isSame)
}

type Compare = (sent: string, current: string) => boolean

/** RFC 9110, 8.8.3.2: a weak tag promises no more than that both mean the same. */
const isStrong: Compare = (sent, current) => sent === current
const isSame: Compare = (sent, current) => sent.replace(/^W\//, '') === current

function includes(lines: readonly string[], current: string | undefined, compare: Compare): boolean {
  if (current === undefined) return false
  const text = lines.join(', ')
  return text.trim() === '*' || (text.match(TAG) ?? []).some((tag) => compare(tag, current))
}

/** What stands for a version of a thing: a number that counts its changes, or when it was changed. */
export type Version = string | number | bigint | Date

const PLAIN = /^[\w.:+-]+$/

/** The strong entity tag of a version: another one for every other version. */
export function toEtag(version: Version): string {
  const text = version instanceof Date ? version.toISOString() : String(version)
  return `"${PLAIN.test(text) ? text : encodeURIComponent(text)}"`
}
