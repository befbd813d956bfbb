import type pg from 'pg'
import { Gauge, type Registry } from 'prom-client'
import { queryWithTimeout } from '../../src/data/postgres/with-connection.ts'
import { readSecretAges } from '../../src/data/secret-ages.ts'

const LIMIT_MS = 2_000

/** Adds since when each secret of gateways and relays is as it is. Every relay tells the same. Returns what reads it anew, and never rejects. */
export function createSecretMetrics(registers: Registry[], pool: pg.Pool): () => Promise<void> {
  const since = new Gauge({
    name: 'ebb_secret_since_timestamp_seconds',
    help: 'When this secret was first seen as it is: since when nobody has replaced it, at least',
    labelNames: ['part', 'setting'],
    registers,
  })
  const record = (ages: Awaited<ReturnType<typeof readSecretAges>>) => {
    since.reset()
    for (const { part, setting, since: at } of ages) since.set({ part, setting }, at)
  }
  // What is not known has no value.
  return () => queryWithTimeout(pool, LIMIT_MS, readSecretAges).then(record, () => record([]))
}
