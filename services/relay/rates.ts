import type pg from 'pg'
import type { Limit } from '../../src/contract/index.ts'
import { beginRate } from '../../src/data/queue/deliveries.ts'

/** Follows which subscribers have taken as much as their rate allows, so that nobody asks again before there can be more. */
export function createRates(pool: pg.Pool, { now = () => performance.now() } = {}) {
  const begun = new Set<string>()
  const pausedUntil = new Map<string, number>()
  return {
    /** Makes the row that counts, once. */
    async begin(name: string, rate: Limit): Promise<void> {
      if (begun.has(name)) return
      await beginRate(pool, name, rate)
      begun.add(name)
    },
    /** To be called where something is due and nothing was leased. */
    pause(name: string, { requests, perSeconds }: Limit): void {
      pausedUntil.set(name, now() + (perSeconds * 1_000) / requests)
    },
    /** To be called where whoever takes calls asks for time. */
    pauseFor(name: string, ms: number): void {
      pausedUntil.set(name, now() + ms)
    },
    isPaused: (name: string): boolean => (pausedUntil.get(name) ?? 0) > now(),
    /** The times until calls are due, no earlier than their subscribers may take them. */
    delay: (due: ReadonlyMap<string, number>): ReadonlyMap<string, number> =>
      new Map([...due].map(([name, inMs]) => [name, Math.max(inMs, Math.ceil((pausedUntil.get(name) ?? 0) - now()))])),
  }
}
