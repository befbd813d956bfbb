import { correlate } from 'ebb/telemetry'
import type pg from 'pg'
import type { Subscription } from '../../../src/contract/index.ts'
import { appendChanges, type ChangeRow, type Place, type ReaderState } from '../../../src/data/queue/change-slot.ts'
import { findKeyColumns } from '../../../src/data/queue/change-tables.ts'
import { nameColumns } from '../../../src/data/values/read-rows.ts'
import { createTypeCatalog } from '../../../src/data/values/type-catalog.ts'
import type { LogStream } from './open-log-stream.ts'
import type { LogMessage, Relation, RowChange } from './parse-pgoutput.ts'
import { type ChangeOrigin, type ReadTable, toEvent, toTruncateEvent } from './to-event.ts'

export interface CollectOptions {
  readonly pool: pg.Pool
  readonly subscriptions: () => readonly Subscription[]
  /** Called when events were added. */
  readonly onEvents: (count: number) => void
  /** A table was emptied, and no subscriber takes that. */
  readonly onTruncated: (table: string) => void
}

/** What becomes one statement, and one transaction. */
const MAX_BATCH_EVENTS = 1_000
const MAX_BATCH_BYTES = 4 * 1024 * 1024

interface OpenTransaction extends Omit<ChangeOrigin, 'epoch' | 'index'> {
  readonly lsn: bigint
  /** Of all changes that came of it, taken by somebody or not: where it is read again, they come in the same order. */
  changes: number
}

/**
 * Makes events of what comes from the log, in batches of whole or parts of transactions, each with the place up to which it goes: what comes
 * again after a restart is known by its place and left out.
 */
export function collectChanges({ pool, subscriptions, onEvents, onTruncated }: CollectOptions, begin: ReaderState) {
  const catalog = createTypeCatalog()
  const tables = new Map<number, ReadTable>()
  let state = begin
  let transaction: OpenTransaction | undefined
  let events: ChangeRow[] = []
  let bytes = 0
  /** The end of the last transaction that is complete in `events`, or before them. */
  let complete: bigint | undefined

  const isKnown = ({ lsn, changes }: OpenTransaction) => {
    const { commit, partial, changes: known } = state.place
    return lsn <= lsnOf(commit) || (partial !== null && lsn === lsnOf(partial) && changes < known)
  }
  const place = (): Place => {
    if (transaction) return { commit: lastCommit, partial: transaction.commitLsn, changes: transaction.changes }
    return { commit: lastCommit, partial: null, changes: 0 }
  }
  let lastCommit = begin.place.commit

  const takeChange = (makeEvent: (origin: ChangeOrigin) => ChangeRow | undefined, size: number) => {
    if (!transaction) throw new Error('a change came outside of a transaction')
    const { changes: index, ...origin } = transaction
    const event = isKnown(transaction) ? undefined : makeEvent({ ...origin, index, epoch: state.epoch })
    transaction.changes++
    if (!event) return
    events.push(event)
    bytes += size
  }
  const takeRow = (change: RowChange) => {
    const read = tables.get(change.relationId)
    if (!read) throw new Error('a change came of a table that was not described')
    takeChange((origin) => toEvent(change, read, { catalog, subscriptions: subscriptions(), origin }), change.bytes)
  }
  const takeTruncate = (ids: readonly number[]) => {
    for (const read of ids.flatMap((id) => tables.get(id) ?? [])) {
      takeChange((origin) => {
        const event = toTruncateEvent(read, { subscriptions: subscriptions(), origin })
        if (!event) onTruncated(read.table)
        return event
      }, 0)
    }
  }
  const describe = async ({ id, table, columns }: Relation) => {
    const client = await pool.connect()
    try {
      await catalog.load(
        client,
        columns.map(({ dataTypeID }) => dataTypeID),
      )
    } finally {
      client.release()
    }
    const keyColumns = await findKeyColumns(pool, id)
    const places = keyColumns.map((name) => columns.findIndex((column) => column.name === name))
    tables.set(id, {
      ...{ table, names: nameColumns(columns), typeIds: columns.map(({ dataTypeID }) => dataTypeID) },
      key: places.filter((i) => i >= 0),
    })
  }
  const flush = async () => {
    if (events.length > 0) {
      const next = place()
      const isMoved = await appendChanges(pool, state, { next, events })
      if (!isMoved) throw new Error('another relay reads the changes')
      state = { ...state, place: next }
      const { length } = events
      events = []
      bytes = 0
      onEvents(length)
    }
    const end = complete
    complete = undefined
    return end
  }

  return {
    /** Whether everything that came is in the outbox. */
    isIdle: () => !transaction && events.length === 0 && complete === undefined,
    /** Takes a message. Resolves to the place up to which the log is not needed any more, where it has moved. */
    take: async (message: LogMessage, stream: Pick<LogStream, 'isDrained'>): Promise<bigint | undefined> => {
      if (message.kind === 'begin') {
        const { commitLsn: lsn, committedAt } = message
        const { traceparent, correlationId } = correlate(undefined, undefined)
        transaction = { lsn, commitLsn: textOfLsn(lsn), committedAt, traceparent, correlationId, hops: 0, changes: 0 }
      } else if (message.kind === 'commit') {
        if (transaction && transaction.lsn > lsnOf(lastCommit)) lastCommit = transaction.commitLsn
        transaction = undefined
        complete = message.endLsn
      } else if (message.kind === 'relation') await describe(message)
      else if (message.kind === 'truncate') takeTruncate(message.relationIds)
      else if (message.kind === 'insert' || message.kind === 'update' || message.kind === 'delete') takeRow(message)
      const isFull = events.length >= MAX_BATCH_EVENTS || bytes >= MAX_BATCH_BYTES
      return isFull || (!transaction && stream.isDrained()) ? flush() : undefined
    },
  }
}

function lsnOf(text: string): bigint {
  const [high = '', low = ''] = text.split('/')
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`)
}

const textOfLsn = (lsn: bigint): string =>
  `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffffffffn).toString(16).toUpperCase()}`
