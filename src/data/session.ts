import type pg from 'pg'
import { checkStatement } from './check-statement.ts'

/**
 * Makes a session what it was when it began, within a transaction or outside of one, as DISCARD ALL does outside only.
 * What is deferred comes first: it may look at settings. Statements that a pooler has prepared stay. A pooler gives a
 * session anew the encoding that pg asks for, but only where it was told of another.
 */
const RESET = `set constraints all immediate; close all; set session authorization default; reset all;
set client_encoding = 'UTF8'; unlisten *; select pg_advisory_unlock_all(), setseed(hashtext(gen_random_uuid()::text) / 2147483649.0); discard temp; discard sequences;
do $$ declare prepared text; begin
  for prepared in select name from pg_prepared_statements where from_sql loop execute format('deallocate %I', prepared); end loop;
end $$`

/** The connections whose server has reported another value of a setting than before. */
const reported = new WeakSet<pg.ClientBase>()

/** Listens to what the server reports of its settings (ParameterStatus), such as the time zone. */
export function watchSettings(client: pg.Client): void {
  client.connection.on('parameterStatus', () => reported.add(client))
}

/** What a handler's statements do to the session of the connection that they run on. */
export interface Session {
  /** To be called with each statement before it is sent: throws where that would end or outlive the transaction. */
  readonly check: (text: string) => void
  /** Whether anything may be left by now. */
  readonly isTouched: () => boolean
  /** The statements that end the transaction and leave nothing: the bare word, where nothing can be left. */
  readonly ending: (word: 'commit' | 'rollback') => string
}

export function openSession(client: pg.ClientBase): Session {
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
    ending: (word) => {
      if (!isTouched()) return word
      return word === 'commit' ? `${RESET}; commit` : `rollback; ${RESET}`
    },
  }
}
