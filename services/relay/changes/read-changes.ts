import { setTimeout as delay } from 'node:timers/promises'
import type { Log } from 'ebb/kernel'
import type pg from 'pg'
import type { Subscription } from '../../../src/contract/index.ts'
import type { DatabaseAddress } from '../../../src/data/postgres/database-address.ts'
import { errorCodeOf } from '../../../src/data/postgres/database-error.ts'
import { ensureSlot, findReader, PUBLICATION, readSlotState, removeSlot } from '../../../src/data/queue/change-slot.ts'
import { type InspectedTable, inspectTables, publishTables } from '../../../src/data/queue/change-tables.ts'
import { inRounds } from '../in-rounds.ts'
import type { ChangeMetrics } from './change-metrics.ts'
import { collectChanges } from './collect-changes.ts'
import { explainRefusal } from './explain-refusal.ts'
import { type LogStream, openLogStream } from './open-log-stream.ts'

export interface ChangesOptions {
  readonly pool: pg.Pool
  /** Past any pooler: the log is read on a connection of its own. */
  readonly direct: DatabaseAddress
  readonly subscriptions: () => readonly Subscription[]
  /** A table that no relay's contracts have had for so long is not published any more, and the slot goes with the last one. */
  readonly forgetAfterMs: number
  readonly log: Log
  readonly metrics: ChangeMetrics
  /** Called when events were added. */
  readonly wake: () => void
  /** Called when the handler of this function has written what is an event of that type. */
  readonly onWrite: (consumer: string, type: string) => void
  /** How often tables and slot are looked at; default: 10 s. */
  readonly checkMs?: number
}

const CHECK_MS = 10_000
/** Another relay reads the slot, or the database is away. */
const RETRY_MS = 1_000
const SLOT_IS_READ = '55006'

/**
 * Makes events of the changes of the tables that contracts name. One relay at a time reads the slot, which the database sees to; the others
 * ask for it every second. All of them look at tables and slot, say once what is wrong, and remove the slot that nobody needs.
 */
export function readChanges(options: ChangesOptions): {
  readonly check: () => void
  readonly stop: () => Promise<void>
} {
  const { pool, subscriptions, forgetAfterMs, log, metrics, checkMs = CHECK_MS } = options
  const closing = new AbortController()
  const said = createSayOnce(log)
  let isReady = false
  let reading: Promise<void> | undefined

  const round = async () => {
    const selections = subscriptions().flatMap(({ change }) => change ?? [])
    const inspected = await inspectTables(pool, selections)
    const readable = inspected.filter(({ isRead }) => isRead).map(({ name }) => name)
    const published = await publishTables(pool, readable, forgetAfterMs)
    const refused = published.filter(({ name, problem }) => problem !== undefined && readable.includes(name))
    reportTables([...inspected.filter(({ problem }) => problem !== undefined), ...refused])
    if (published.length === 0) {
      isReady = false
      if (await readSlotState(pool)) {
        await removeSlot(pool)
        log.info({}, 'no contract takes changes of tables any more; the replication slot is gone')
      }
      return metrics.slot(undefined)
    }
    if (published.every(({ problem }) => problem !== undefined)) return
    const slot = await ensureSlot(pool)
    if (slot === 'made')
      log.info({ tables: published.map(({ name }) => name) }, 'changes of tables become events from now on')
    if (slot === 'lost') {
      log.error(
        {},
        'changes of tables were lost: the replication slot kept more than max_slot_wal_keep_size, or was removed, while no relay read it; events go on from now on, so compare what subscribers have made of the tables',
      )
    }
    metrics.slot(await readSlotState(pool))
    isReady = slot !== undefined || (await findReader(pool)) !== undefined
    if (selections.length > 0 && isReady && !closing.signal.aborted)
      reading ??= readOn().finally(() => (reading = undefined))
    said.forget('round')
  }
  const reportTables = (refused: readonly InspectedTable[]) => {
    metrics.unread(refused.map(({ name }) => name))
    said.keep(
      'table',
      refused.map(({ name, problem, isRead }) =>
        isRead
          ? `changes of the table ${name} do not fit a contract, and are dead letters: ${problem}`
          : `changes of the table ${name} cannot be read: ${problem}`,
      ),
    )
  }
  const readOn = async () => {
    while (isReady && !closing.signal.aborted) {
      try {
        await readOnce(options, closing.signal, () => said.forget('reading'))
      } catch (error) {
        if (closing.signal.aborted) return
        if (errorCodeOf(error) !== SLOT_IS_READ)
          said.say('reading', `changes of tables are not read: ${explainRefusal(error)}`, error)
      }
      await delay(RETRY_MS, undefined, { signal: closing.signal }).catch(() => {})
    }
  }
  const rounds = inRounds(round, {
    intervalMs: checkMs,
    onFailure: (error) => {
      // Another relay still reads for contracts of before; or one makes the slot.
      if (errorCodeOf(error) !== SLOT_IS_READ)
        said.say('round', `changes of tables are not read: ${explainRefusal(error)}`, error)
    },
  })
  return {
    check: rounds.start,
    stop: async () => {
      closing.abort()
      await rounds.stop()
      await reading
    },
  }
}

/** Reads until the connection breaks, the contracts have no change any more, or the relay stops. */
async function readOnce(
  { pool, direct, subscriptions, metrics, wake, onWrite, log }: ChangesOptions,
  signal: AbortSignal,
  onStart: () => void,
): Promise<void> {
  const state = await findReader(pool)
  if (!state) return
  const collector = collectChanges(
    {
      ...{ pool, subscriptions, onWrite },
      onEvents: (count) => {
        metrics.added(count)
        wake()
      },
      onTruncated: (table) => log.warn({ table }, 'a table was emptied, and no subscriber takes `truncate` of it'),
    },
    state,
  )
  let stream: LogStream | undefined
  stream = await openLogStream(direct.current(), {
    ...{ slot: state.slot, publication: PUBLICATION },
    onIdle: (lsn) => {
      if (collector.isIdle()) stream?.confirm(lsn)
    },
  })
  const close = () => void stream.close()
  signal.addEventListener('abort', close, { once: true })
  try {
    // Another reader may have moved it before this one had the slot.
    const begun = await findReader(pool)
    if (begun?.epoch !== state.epoch || JSON.stringify(begun.place) !== JSON.stringify(state.place)) return
    onStart()
    log.info({ slot: state.slot }, 'reading changes of tables')
    for (let message = await stream.next(); message && !signal.aborted; message = await stream.next()) {
      const confirmed = await collector.take(message, stream)
      if (confirmed !== undefined) stream.confirm(confirmed)
      if (collector.isIdle() && subscriptions().every(({ change }) => !change)) return
    }
  } finally {
    signal.removeEventListener('abort', close)
    await stream.close()
  }
}

/** Logs what is wrong when it begins, and not again until it has ended. */
function createSayOnce(log: Log) {
  const current = new Map<string, ReadonlySet<string>>()
  const keep = (kind: string, sentences: readonly string[], err?: unknown) => {
    const before = current.get(kind)
    for (const sentence of sentences) if (!before?.has(sentence)) log.error(err === undefined ? {} : { err }, sentence)
    current.set(kind, new Set(sentences))
  }
  return {
    keep,
    say: (kind: string, sentence: string, err: unknown) => keep(kind, [sentence], err),
    forget: (kind: string) => void current.delete(kind),
  }
}
