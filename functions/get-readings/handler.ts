import type { Input } from 'ebb/contract'
import { postgres, type Sql } from 'ebb/data'
import { implement } from 'ebb/http'
import type * as z from 'zod'
import type { Reading } from '../../domain/reading.ts'
import contract from './contract.ts'

type Row = z.infer<typeof Reading>
type Query = Input<typeof contract>['query']

export default implement(contract, { sql: postgres }, async ({ query }, { sql }) => pages(sql, query))

const PAGE = 1_000

/** Each page begins behind the last reading of the one before. */
async function* pages(sql: Sql, { sensor, from, to, every }: Query): AsyncGenerator<Row> {
  const rows =
    every === 'hour'
      ? sql.fragment`(select sensor, hour as measured_at, total_celsius / readings as celsius from reading_hours) as hours`
      : sql.fragment`readings`
  let last: Row | undefined
  do {
    const page: Row[] = await sql<Row>`
      select sensor, measured_at, celsius
      from ${rows}
      where (sensor, measured_at) > (${last?.sensor ?? ''}, ${last?.measuredAt ?? '-infinity'}::timestamptz)
        and (${sensor ?? null}::text is null or sensor = ${sensor ?? null})
        and measured_at >= ${from ?? '-infinity'}::timestamptz and measured_at < ${to ?? 'infinity'}::timestamptz
      order by sensor, measured_at
      limit ${PAGE}`
    yield* page
    last = page.length === PAGE ? page.at(-1) : undefined
  } while (last)
}
