import type pg from 'pg'

/**
 * Resets a session to what it was when it began, within a transaction or outside of one; DISCARD ALL runs outside only.
 * Deferred constraints come first: they may look at settings. Statements that a pooler has prepared stay. The encoding is
 * set again, since a pooler restores what pg asks for only where the server has reported another one.
 */
const RESET_SESSION = `set constraints all immediate; close all; set session authorization default; reset all;
set client_encoding = 'UTF8'; unlisten *; select pg_advisory_unlock_all(), setseed(hashtext(gen_random_uuid()::text) / 2147483649.0); discard temp; discard sequences;
do $$ declare prepared text; begin
  for prepared in select name from pg_prepared_statements where from_sql loop execute format('deallocate %I', prepared); end loop;
end $$`

/** The connections whose server has reported a new value of a setting. */
const reported = new WeakSet<pg.ClientBase>()

/** Listens to what the server reports of its settings (ParameterStatus), such as the time zone. */
export function watchSettings(client: pg.Client): void {
  client.connection.on('parameterStatus', () => reported.add(client))
}

/** What a handler's statements do to the session of the connection that they run on. */
export interface Session {
  /** To be called with each statement before it is sent: throws where it would end or outlive the transaction. */
  readonly check: (text: string) => void
  /** Whether a statement may have changed the session by now. */
  readonly isTouched: () => boolean
  /** The text that ends the transaction and resets the session: the bare word, where nothing can have changed. */
  readonly endStatement: (word: 'commit' | 'rollback') => string
}

/** Follows the state of a connection's session, so that it is known whether it can be used again. */
export function trackSession(client: pg.ClientBase): Session {
  let touched = false
  // The end of the transaction before may have brought a setting back.
  reported.delete(client)
  const isTouched = () => {
    touched = touched || reported.has(client)
    return touched
  }
  return {
    check: (text) => {
      touched = checkStatement(text) || touched
    },
    isTouched,
    endStatement: (word) => {
      if (!isTouched()) return word
      return word === 'commit' ? `${RESET_SESSION}; commit` : `rollback; ${RESET_SESSION}`
    },
  }
}

const ONE_TRANSACTION =
  'a request is one transaction, which the platform begins and ends: throw to undo it, and use a savepoint to undo a part'
/** The platform's own savepoint: a handler's by this name would take its place. */
export const CLAIM_SAVEPOINT = 'ebb_claimed'
const SAVEPOINT_WORDS = new Set(['savepoint', 'release', 'rollback'])
const NO_PREPARED = 'the next request may come by another connection: write the statement itself'
const LOCAL = 'it would outlive the request: write `set local`, or `set_config(name, value, true)`'
const NO_SESSION = "a connection is one request's for one transaction, and keeps nothing"
const NO_STREAM =
  'it needs a stream: call `sql.copyInto(table, columns, rows)` to write rows, and `select` to read them'

/** By first word: statements that end the transaction or outlive it, whatever follows, and what to write instead. */
const REFUSED: Readonly<Record<string, string>> = {
  ...{ begin: ONE_TRANSACTION, start: ONE_TRANSACTION, commit: ONE_TRANSACTION, end: ONE_TRANSACTION },
  ...{ rollback: ONE_TRANSACTION, abort: ONE_TRANSACTION },
  ...{ prepare: NO_PREPARED, execute: NO_PREPARED, deallocate: NO_PREPARED },
  ...{ set: LOCAL, reset: LOCAL, copy: NO_STREAM },
  ...{ listen: NO_SESSION, unlisten: NO_SESSION, discard: NO_SESSION, load: NO_SESSION },
}
/** What may follow such a word: then the statement stays within the transaction after all. */
const ALLOWED_AFTER: Readonly<Record<string, RegExp>> = {
  set: /^(local|constraints|transaction)\b/,
  rollback: /^((work|transaction) )?to\b/,
}
/** First words of statements that by themselves change nothing of the session. */
const STATELESS = new Set([
  ...['select', 'insert', 'update', 'delete', 'merge', 'with', 'values', 'table', 'show', 'lock', 'notify'],
  ...['savepoint', 'release', 'rollback', 'set', 'fetch', 'close'],
])
/** Functions with an effect on the session, and its temporary tables. */
const SESSION_STATE = /set_config|advisory_lock|setseed|pg_temp|\binto\s+(local\s+|global\s+)?temp/i
/** A set_config that certainly has none: its last argument says that it is local. */
const LOCAL_SET_CONFIG =
  /\bset_config\s*\(\s*(?:'[^']*'|\$\d+)(?:::\w+)?\s*,\s*(?:'[^']*'|\$\d+)(?:::\w+)?\s*,\s*true\s*\)/gi
/** A hint for who tries it by mistake; no statement can, however it is written: migration 0016 says why. */
const SETS_TENANT = /\bset\s+local\s+ebb\s*\.|\bset_config\s*\(\s*'ebb\.|\bebb\s*\.\s*enter_tenant\b/i

/**
 * Refuses a statement that would end the request's transaction or keep something on its connection, before it is sent; by
 * its first words, which no version of Postgres takes for anything else. Throws a TypeError that says what to write
 * instead. Returns whether a statement may change the session all the same, by a function or a block of code: a hint, which
 * errs towards yes.
 */
export function checkStatement(text: string): boolean {
  const [first, after] = readWord(text, 0)
  const reason = REFUSED[first]
  if (reason && !ALLOWED_AFTER[first]?.test(readTwoWords(text, after))) {
    throw new TypeError(`a handler's statement cannot be ${first.toUpperCase()}, since ${reason}`)
  }
  if (SETS_TENANT.test(text)) {
    throw new TypeError("a handler's statement cannot set `ebb.tenant`, which is the tenant of the caller")
  }
  if (SAVEPOINT_WORDS.has(first) && text.toLowerCase().includes(CLAIM_SAVEPOINT)) {
    throw new TypeError(
      `a handler's savepoint cannot be ${CLAIM_SAVEPOINT}, which is the platform's own; give it another name`,
    )
  }
  if (first !== '' && !STATELESS.has(first)) return true
  return SESSION_STATE.test(text) && SESSION_STATE.test(text.replaceAll(LOCAL_SET_CONFIG, ''))
}

const BLANK = /(?:[\s;]|--[^\n\r]*)*/y
const WORD = /[a-z_]*/iy
const COMMENT_EDGE = /\/\*|\*\//g

/** The next word in lower case, and where it ends. Skips white space, comments and empty statements as Postgres does. */
function readWord(text: string, from: number): readonly [word: string, end: number] {
  WORD.lastIndex = skipBlank(text, from)
  const [word = ''] = WORD.exec(text) ?? []
  return [word.toLowerCase(), WORD.lastIndex]
}

/** Two words are enough to tell how a statement goes on. */
function readTwoWords(text: string, from: number): string {
  const [word, end] = readWord(text, from)
  return `${word} ${readWord(text, end)[0]}`
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
