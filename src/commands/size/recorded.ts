import type { OwnTimes } from '../../deploy/size/traffic.ts'
import { ConfigError } from '../../kernel/index.ts'
import { readCost } from '../../protocol/admin/cost.ts'
import { type AdminOptions, callAdmin } from '../admin-client.ts'

export interface Recorded {
  /** Of all requests to endpoints, by name. */
  readonly shares: ReadonlyMap<string, number>
  readonly times: ReadonlyMap<string, OwnTimes>
}

const [MICROS, MS] = [1_000_000, 1_000]

/** Reads what one call of each function has taken in the last seven days. Throws a ConfigError where there was none. */
export async function readRecorded(project: string, options: AdminOptions): Promise<Recorded> {
  const { functions } = await callAdmin(project, readCost, { query: {} }, options)
  const called = functions.filter(({ requests }) => requests > 0)
  const requests = called.reduce((sum, one) => sum + one.requests, 0)
  if (requests === 0) throw new ConfigError('no calls are recorded there; leave --recorded out')
  const measured = called.filter(({ calls, cpuSeconds }) => calls > 0 && cpuSeconds > 0)
  return {
    shares: new Map(called.map((one) => [one.name, one.requests / requests])),
    times: new Map(
      measured.map(({ name, calls, cpuSeconds, seconds, databaseSeconds }) => [
        name,
        {
          cpuMicros: (cpuSeconds * MICROS) / calls,
          waitMs: (seconds.busy * MS) / calls,
          connectionMs: (databaseSeconds * MS) / calls,
        },
      ]),
    ),
  }
}
