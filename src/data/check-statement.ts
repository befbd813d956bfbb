const ONE_TRANSACTION =
  'a request is one transaction, which the platform begins and ends: throw to undo it, and use a savepoint to undo a part'
/** The platform's own savepoint: one of a handler's by this name would be found in its place. */
export const CLAIMED = 'ebb_claimed'
const OF_SAVEPOINTS = new Set(['savepoint', 'release', 'rollback'])
const WRITE_IT_OUT = 'the next request may come by another connection: write the statement itself'
const LOCAL = 'it would outlive the request: write `set local`, or `set_config(name, value, true)`'
const NO_SESSION = "a connection is one request's for one transaction, and keeps nothing"
const NO_STREAM = 'a handler has no stream for it: write `insert ... select ... from unnest(...)`, or `select`'

/** By the first word: what would end the transaction or outlive it whatever follows, and what to write instead. */
const REFUSED: Readonly<Record<string, string>> = {
  ...{ begin: ONE_TRANSACTION, start: ONE_TRANSACTION, commit: ONE_TRANSACTION, end: ONE_TRANSACTION },
  ...{ rollback: ONE_TRANSACTION, abort: ONE_TRANSACTION },
  ...{ prepare: WRITE_IT_OUT, execute: WRITE_IT_OUT, deallocate: WRITE_IT_OUT },
  ...{ set: LOCAL, reset: LOCAL, copy: NO_STREAM },
  ...{ listen: NO_SESSION, unlisten: NO_SESSION, discard: NO_SESSION, load: NO_SESSION },
}
/** What follows the word where it stays within the transaction after all. */
const WITHIN: Readonly<Record<string, RegExp>> = {
  set: /^(local|constraints|transaction)\b/,
  rollback: /^((work|transaction) )?to\b/,
}
/** First words that by themselves leave nothing behind. */
const PLAIN = new Set([
  ...['select', 'insert', 'update', 'delete', 'merge', 'with', 'values', 'table', 'show', 'lock', 'notify'],
  ...['savepoint', 'release', 'rollback', 'set', 'fetch', 'close'],
])
/** Functions whose effect belongs to the session, and a table of it. */
const OF_SESSION = /set_config|advisory_lock|setseed|pg_temp|\binto\s+(local\s+|global\s+)?temp/i
/** The one that does not, as far as that is beyond doubt. */
const LOCAL_SETTING =
  /\bset_config\s*\(\s*(?:'[^']*'|\$\d+)(?:::\w+)?\s*,\s*(?:'[^']*'|\$\d+)(?:::\w+)?\s*,\s*true\s*\)/gi

/**
 * Refuses a statement that would leave the request's transaction or keep something on its connection, before it is sent;
 * by its first words, which no Postgres takes for anything else. Answers whether another one may do the latter all the
 * same, by a function or a block of code: a hint, which errs towards yes.
 */
export function checkStatement(text: string): boolean {
  const [first, after] = wordFrom(text, 0)
  const reason = REFUSED[first]
  if (reason && !WITHIN[first]?.test(wordsFrom(text, after))) {
    throw new TypeError(`a handler's statement cannot be ${first.toUpperCase()}, since ${reason}`)
  }
  if (OF_SAVEPOINTS.has(first) && text.toLowerCase().includes(CLAIMED)) {
    throw new TypeError(`a handler's savepoint cannot be ${CLAIMED}, which is the platform's own; give it another name`)
  }
  if (first !== '' && !PLAIN.has(first)) return true
  return OF_SESSION.test(text) && OF_SESSION.test(text.replaceAll(LOCAL_SETTING, ''))
}

const BLANK = /(?:[\s;]|--[^\n\r]*)*/y
const WORD = /[a-z_]*/iy
const COMMENT_EDGE = /\/\*|\*\//g

/** The next word in lower case, past white space, comments and empty statements as Postgres skips them; and where it ends. */
function wordFrom(text: string, from: number): readonly [word: string, end: number] {
  WORD.lastIndex = skipBlank(text, from)
  const [word = ''] = WORD.exec(text) ?? []
  return [word.toLowerCase(), WORD.lastIndex]
}

/** As many as tell how a statement goes on. */
function wordsFrom(text: string, from: number): string {
  const [one, end] = wordFrom(text, from)
  return `${one} ${wordFrom(text, end)[0]}`
}

function skipBlank(text: string, from: number): number {
  BLANK.lastIndex = from
  BLANK.test(text)
  const at = BLANK.lastIndex
  if (!text.startsWith('/*', at)) return at
  COMMENT_EDGE.lastIndex = at
  let depth = 0
  do {
    const edge = COMMENT_EDGE.exec(text)
    if (!edge) return text.length
    depth += edge[0] === '/*' ? 1 : -1
  } while (depth > 0)
  return skipBlank(text, COMMENT_EDGE.lastIndex)
}
