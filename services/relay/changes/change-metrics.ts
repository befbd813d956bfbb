import { Counter, Gauge, type Registry } from 'prom-client'
import type { SlotState } from '../../../src/data/queue/change-slot.ts'

export interface ChangeMetrics {
  /** Events were added to the outbox. */
  added(count: number): void
  /** What the slot keeps; undefined where there is none. */
  slot(state: SlotState | undefined): void
  /** The tables that cannot be read. */
  unread(tables: readonly string[]): void
}

export function createChangeMetrics(registers: Registry[]): ChangeMetrics {
  const added = new Counter({
    name: 'ebb_change_events_total',
    help: 'Changes of tables of which this relay has made events',
    registers,
  })
  const gauge = (name: string, help: string, labelNames: string[] = []) =>
    new Gauge({ name, help, labelNames, registers })
  const retained = gauge(
    'ebb_replication_slot_retained_bytes',
    'How much of the write-ahead log the database keeps for the changes that nobody has read yet; no value where no contract has a change()',
  )
  const left = gauge(
    'ebb_replication_slot_left_bytes',
    'How much more it may become before the slot is lost (max_slot_wal_keep_size); no value where there is no limit',
  )
  const lost = gauge(
    'ebb_replication_slot_lost_total',
    'How often the slot was lost, and with it the changes that nobody had read',
  )
  const unread = gauge('ebb_change_table_unread', 'A table that a contract names and whose changes cannot be read: 1', [
    'table',
  ])
  const set = (one: Gauge, value: number | undefined) => {
    if (value === undefined) one.remove()
    else one.set(value)
  }
  // A gauge without labels begins with 0, which would be a statement.
  for (const one of [retained, left, lost]) one.remove()
  return {
    added: (count) => added.inc(count),
    slot: (state) => {
      set(retained, state?.retainedBytes)
      set(left, state?.leftBytes)
      set(lost, state?.lost)
    },
    unread: (tables) => {
      unread.reset()
      for (const table of tables) unread.set({ table }, 1)
    },
  }
}
