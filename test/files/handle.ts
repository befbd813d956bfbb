import { objects as resource } from '../../src/data/objects/objects.ts'
import type { Objects } from '../../src/data/objects/objects-shape.ts'
import { postgres } from '../../src/data/postgres/postgres.ts'
import type { Sql } from '../../src/data/postgres/sql.ts'
import { testBindContext } from '../../src/data/test-support.ts'
import { createLog, parseConfig } from '../../src/kernel/index.ts'

/** Runs what a handler would, in a transaction. */
export type Handle = <Result>(work: (uses: { sql: Sql; objects: Objects }) => Promise<Result>) => Promise<Result>

/** Opens what handlers use. */
export function openHandle(env: Readonly<Record<string, string>>) {
  const config = parseConfig(env)
  const log = createLog({ level: 'silent' })
  const database = postgres.open(config, log)
  const opened = resource.open(config, log)
  const { signal } = new AbortController()
  const objects = resource.bind(opened, testBindContext(signal))
  const handle: Handle = (work) =>
    postgres.transaction.run(
      database,
      { readOnly: false, repeatable: false, signal, timeoutMs: 600_000 },
      async (sql, end) => {
        try {
          return await work({ sql, objects })
        } finally {
          end()
        }
      },
    )
  const close = async () => {
    await Promise.all([postgres.close?.(database), resource.close?.(opened)])
  }
  return { handle, close }
}
