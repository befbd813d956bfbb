import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { quartiles } from '../measure/samples.ts'

const [COMMITS, POLL_MS] = [200, 250]

/** Looks into the database of a system that is measured. */
export async function openDatabase(url: string) {
  const client = new pg.Client({ connectionString: url })
  await client.connect()
  /** The milliseconds of each of so many runs, one after the other: their median. */
  const medianMs = async (text: string, runs = COMMITS) => {
    const took: number[] = []
    for (let run = 0; run < runs; run++) {
      const beganAt = performance.now()
      await client.query(text)
      took.push(performance.now() - beganAt)
    }
    return quartiles(took).median
  }
  return {
    /** Resolves when there is no delivery any more that there is work for. */
    untilDelivered: async () => {
      do await delay(POLL_MS)
      while (Number((await client.query('select count(*) from ebb.delivery')).rows[0].count) > 0)
    },
    /** How long a commit waits for the disk: a small write with, and one without. */
    flushMs: async () => {
      const text = "update things set noted = not noted where sku = 'LAMP-BRASS-01'"
      const withFlush = await medianMs(text)
      await client.query('set synchronous_commit = off')
      const without = await medianMs(text)
      await client.query('set synchronous_commit = on')
      return Math.max(0.01, withFlush - without)
    },
    /** How long instances of a function have held connections, ever, in seconds. */
    heldSeconds: async (name: string) => {
      const text = `select coalesce(sum(database_seconds), 0) as held from ebb.instance_hour where hour = '-infinity' and name = $1`
      return Number((await client.query(text, [name])).rows[0].held)
    },
    [Symbol.asyncDispose]: () => client.end(),
  }
}
