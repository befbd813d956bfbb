import { setTimeout as delay } from 'node:timers/promises'
import type pg from 'pg'
import { ConfigError } from '../../kernel/index.ts'
import { endConnection } from '../postgres/connection.ts'
import { type ChangeOptions, isLockFailure } from './change-schema.ts'
import type { Migration } from './history.ts'
import { holdMigrationLock } from './hold-migration-lock.ts'
import { dropText, type IndexStep, type QualifiedName } from './index-steps.ts'
import { createStatementWatch, type StatementWatch } from './watch-statement.ts'

const RETRY_MS = 250

export interface BuildOptions extends ChangeOptions {
  /** Opens one more connection to the same database. */
  readonly connect: () => Promise<pg.Client>
  /** The table that has the history. */
  readonly table: string
  readonly file: Migration
  readonly steps: readonly IndexStep[]
}

/**
 * Runs a migration whose steps cannot be in a transaction. The history says first that it has begun (no `run_at`), and then that
 * it is done: what a process that died in between has left is taken up where it was built, and dropped and built again where it
 * is invalid. Returns false where another process was faster.
 */
export async function buildIndexes(client: pg.Client, options: BuildOptions): Promise<boolean> {
  const { connect, table, file, steps } = options
  const watcher = await connect()
  try {
    const watch = createStatementWatch(watcher, { ...options, what: file.file })
    return await holdMigrationLock(options, file.file, async () => {
      const begun = await begin(client, table, file)
      if (begun === 'done') return false
      for (const step of steps) await runStep({ ...options, client, watch, step }, begun)
      await client.query(`update ${table} set run_at = now() where version = $1`, [file.number])
      return true
    })
  } finally {
    await endConnection(watcher)
  }
}

/** What an earlier process has done of this file; `changed` where the file was another one then. */
type Begun = 'new' | 'same' | 'changed' | 'done'

async function begin(client: pg.Client, table: string, { number, name, checksums }: Migration): Promise<Begun> {
  const { rows } = await client.query<{ md5: string; done: boolean }>(
    `select md5, run_at is not null as done from ${table} where version = $1`,
    [number],
  )
  const [row] = rows
  if (row?.done) return 'done'
  await client.query(
    `insert into ${table} (version, name, md5) values ($1, $2, $3)
     on conflict (version) do update set name = excluded.name, md5 = excluded.md5`,
    [number, name, checksums[0]],
  )
  if (!row) return 'new'
  return checksums.includes(row.md5) ? 'same' : 'changed'
}

interface StepOptions extends Pick<BuildOptions, 'file' | 'onWait' | 'waitLimitMs'> {
  readonly client: pg.Client
  readonly watch: StatementWatch
  readonly step: IndexStep
}

async function runStep(options: StepOptions, begun: Begun): Promise<void> {
  const { client, watch, step, file } = options
  const { kind, index, text, isConditional } = step
  // The server goes on with a statement whose process has died: what that builds is not lost.
  await watch.untilEnded(text)
  const found = await findIndex(client, index)
  const name = `${index.schema}.${index.name}`
  if (kind === 'drop') {
    if (!found && begun === 'new' && !isConditional) throw new ConfigError(`${file.file}: there is no index ${name}`)
    return retryLocks(options, () => watch.run(text, () => client.query(text)))
  }
  const isOurs = begun !== 'new' || (isConditional && !found?.isValid)
  if (found?.isValid && (begun === 'same' || (isConditional && !isOurs))) return
  if (found && !isOurs)
    throw new ConfigError(`${file.file}: there is an index ${name} already; give this one another name`)
  const drop = () => watch.run(dropText(index), () => client.query(dropText(index)))
  await retryLocks(options, async () => {
    if (await findIndex(client, index)) await drop()
    await watch
      .run(text, () => client.query(text))
      .catch(async (error: unknown) => {
        // Each write of the table would pay for what answers no query. A lock that was waited for in vain would hold up this, too.
        if (!(error instanceof ConfigError) && !isLockFailure(error)) await drop()
        throw error
      })
  })
}

/** A role may have a limit of its own for each lock. */
async function retryLocks({ file, onWait, waitLimitMs }: StepOptions, work: () => Promise<unknown>): Promise<void> {
  const giveUpAt = performance.now() + waitLimitMs
  for (;;) {
    try {
      await work()
      return
    } catch (error) {
      if (error instanceof ConfigError) throw error
      const message = `${file.file}: ${error instanceof Error ? error.message : String(error)}`
      if (!isLockFailure(error) || performance.now() > giveUpAt) throw new ConfigError(message, { cause: error })
      onWait(message)
    }
    await delay(RETRY_MS)
  }
}

async function findIndex(client: pg.Client, { schema, name }: QualifiedName) {
  const { rows } = await client.query<{ isValid: boolean }>(
    `select indisvalid and indisready as "isValid" from pg_index
     where indexrelid = (select oid from pg_class where relname = $2 and relnamespace = to_regnamespace(quote_ident($1)))`,
    [schema, name],
  )
  return rows[0]
}
