import type pg from 'pg'
import { Gauge, type Registry } from 'prom-client'
import { queryWithTimeout } from '../../src/data/postgres/with-connection.ts'
import { readSecretAges } from '../../src/data/secret-ages.ts'

const LIMIT_MS = 2_000

/** Adds how old each secret of gateways and relays is. Every relay tells the same. Returns what reads it anew, and never rejects. */
export function createSecretMetrics(registers: Registry[], pool: pg.Pool): () => Promise<void> {
  const age = new Gauge({
    name: 'ebb_secret_age_seconds',
    help: 'How long ago this secret was first seen as it is: for so long nobody has replaced it, at least',
    labelNames: ['part', 'setting'],
    registers,
  })
  const record = (ages: Awaited<ReturnType<typeof readSecretAges>>) => {
    age.reset()
    for (const { part, setting, seconds } of ages) age.set({ part, setting }, seconds)
  }
  // What is not known has no value.
  return () => queryWithTimeout(pool, LIMIT_MS, readSecretAges).then(record, () => record([]))
}
