import { correlate } from 'ebb/telemetry'
import type pg from 'pg'
import type { Subscription } from '../../../src/contract/index.ts'
import {
  type Cause,
  findCause,
  parseTakenEvent,
  TAKEN_PREFIX,
  type TakenEvent,
} from '../../../src/data/queue/change-cause.ts'
import { appendChanges, type ChangeRow, type Place, type ReaderState } from '../../../src/data/queue/change-slot.ts'
import { findKeyColumns } from '../../../src/data/queue/change-tables.ts'
import { camelName } from '../../../src/data/values/read-rows.ts'
import { createTypeCatalog } from '../../../src/data/values/type-catalog.ts'
import type { LogStream } from './open-log-stream.ts'
import type { LogMessage, LogNote, Relation, RowChange, Truncation } from './parse-pgoutput.ts'
import { type ChangeOrigin, type ReadTable, toEvent, toTruncateEvent } from './to-event.ts'

export interface CollectOptions {
  readonly pool: pg.Pool
  readonly subscriptions: () => readonly Subscription[]
  /** Called when events were added. */
  readonly onEvents: (count: number) => void
  /** The handler of this function has written what is an event of that type. */
  readonly onWrite: (consumer: string, type: string) => void
  /** A table was emptied, and no subscriber takes that. */
  readonly onTruncated: (table: string) => void
}

/** A transaction takes as many as a batch has; of more, those are looked at. */
const MAX_TAKEN = 1_000
/** What becomes one statement, and one transaction. */
const MAX_BATCH_EVENTS = 1_000
const MAX_BATCH_BYTES = 4 * 1024 * 1024

interface OpenTransaction {
  readonly lsn: bigint
  readonly commitLsn: string
  readonly committedAt: string
  /** What its changes come from: found when the first of them is an event. */
  cause: Cause | undefined
  /** Of all changes that came of it, taken by somebody or not: where it is read again, they come in the same order. */
  changes: number
  /** The events that a function of ours has taken in it. */
  readonly taken: TakenEvent[]
}

/**
 * Makes events of what comes from the log, in batches of whole or parts of transactions, each with the place up to which it goes: what comes
 * again after a restart is known by its place and left out.
 */
export function collectChanges(
  { pool, subscriptions, onEvents, onWrite, onTruncated }: CollectOptions,
  begin: ReaderState,
) {
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
    const { changes: index, cause, ...origin } = transaction
    if (!cause) throw new Error('what a change comes from was not found')
    const event = isKnown(transaction) ? undefined : makeEvent({ ...origin, ...cause, index, epoch: state.epoch })
    transaction.changes++
    if (!event) return
    events.push(event)
    bytes += size
  }
  const takeRow = (change: RowChange, { taken }: OpenTransaction) => {
    const read = tables.get(change.relationId)
    if (!read) throw new Error('a change came of a table that was not described')
    takeChange((origin) => {
      const event = toEvent(change, read, { catalog, subscriptions: subscriptions(), origin })
      if (event) for (const { consumer } of taken) onWrite(consumer, event.type)
      return event
    }, change.bytes)
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
  const takeChanges = async (message: RowChange | Truncation) => {
    if (!transaction) throw new Error('a change came outside of a transaction')
    transaction.cause ??= await causeOf(pool, transaction.taken)
    if (message.kind === 'truncate') takeTruncate(message.relationIds)
    else takeRow(message, transaction)
  }
  const note = ({ prefix, content }: LogNote) => {
    const taken = prefix === TAKEN_PREFIX ? parseTakenEvent(content) : undefined
    if (taken && transaction && transaction.taken.length < MAX_TAKEN) transaction.taken.push(taken)
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
      ...{
        table,
        names: columns.map(({ name }) => camelName(name)),
        typeIds: columns.map(({ dataTypeID }) => dataTypeID),
      },
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
        transaction = { lsn, commitLsn: textOfLsn(lsn), committedAt, cause: undefined, changes: 0, taken: [] }
      } else if (message.kind === 'commit') {
        if (transaction && transaction.lsn > lsnOf(lastCommit)) lastCommit = transaction.commitLsn
        transaction = undefined
        complete = message.endLsn
      } else if (message.kind === 'relation') await describe(message)
      else if (message.kind === 'message') note(message)
      else if (message.kind !== 'other') await takeChanges(message)
      const isFull = events.length >= MAX_BATCH_EVENTS || bytes >= MAX_BATCH_BYTES
      return isFull || (!transaction && stream.isDrained()) ? flush() : undefined
    },
  }
}

/** The changes of a function's transaction are led to by the event that it took, and of its trace; those of others begin one. */
async function causeOf(pool: pg.Pool, taken: readonly TakenEvent[]): Promise<Cause> {
  const found = taken.length > 0 ? await findCause(pool, taken) : undefined
  return found ? { ...found, hops: found.hops + 1 } : { ...correlate(undefined, undefined), hops: 0 }
}

function lsnOf(text: string): bigint {
  const [high = '', low = ''] = text.split('/')
  return (BigInt(`0x${high}`) << 32n) | BigInt(`0x${low}`)
}

const textOfLsn = (lsn: bigint): string =>
  `${(lsn >> 32n).toString(16).toUpperCase()}/${(lsn & 0xffffffffn).toString(16).toUpperCase()}`
