import { styleText } from 'node:util'
import { printable } from '../printable.ts'
import type { Invoked } from './invoke-function.ts'

/** What came of it, as one JSON object. */
export function invokedJson(name: string, invoked: Invoked): string {
  const { body: _text, ...rest } = invoked
  return printable(JSON.stringify({ function: name, ...rest, reply: replyOf(invoked) }, undefined, 2))
}

/** What came of it, for people: status and times, the reply, and what the function said meanwhile. */
export function invokedText(invoked: Invoked): string {
  const { status, headers, durationMs, coldStartMs, log } = invoked
  const colour = status >= 500 ? 'red' : status >= 400 ? 'yellow' : 'green'
  const reply = replyOf(invoked)
  const dim = (line: string) => styleText('dim', line)
  return [
    `${styleText(colour, String(status))}  ${dim(`answered in ${durationMs} ms, after a cold start of ${coldStartMs} ms`)}`,
    ...(headers.location ? [printable(`location: ${headers.location}`)] : []),
    ...(reply === undefined ? [] : [printable(JSON.stringify(reply, undefined, 2))]),
    ...log.map((said) => dim(printable(said.level === 'text' ? String(said.msg) : JSON.stringify(said)))),
  ].join('\n')
}

/** JSON where it is some, undefined where there is nothing. */
function replyOf({ body }: Invoked): unknown {
  try {
    return JSON.parse(body)
  } catch {
    return body === '' ? undefined : body
  }
}
