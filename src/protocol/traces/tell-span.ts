import { type Span, statusOf, textAttribute } from './span.ts'

const MAX_CHARACTERS = 120

/** A span in a few words: its status, the beginning of its statement, or what failed. */
export function tellSpan(span: Span): string {
  const statement = textAttribute(span, 'db.query.text')
  const what = statement === undefined ? tellCall(span) : oneLine(statement)
  const failure = span.failed ? (span.message ?? textAttribute(span, 'error.type')) : undefined
  return [what, failure && failure !== what ? failure : ''].filter(Boolean).join(': ')
}

function tellCall(span: Span): string {
  const status = statusOf(span)
  const url = span.kind === 'client' ? textAttribute(span, 'url.full') : undefined
  return [status === null ? '' : String(status), url ?? ''].filter(Boolean).join(' ')
}

/** Text without line breaks, of so many characters at most. */
export function oneLine(text: string, maxCharacters = MAX_CHARACTERS): string {
  const line = text.replaceAll(/\s+/g, ' ').trim()
  return line.length > maxCharacters ? `${line.slice(0, maxCharacters - 1)}…` : line
}
