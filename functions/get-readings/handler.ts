import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import type * as z from 'zod'
import type { Reading } from '../../domain/reading.ts'
import contract from './contract.ts'

export default implement(contract, { sql: postgres }, async ({ query: { sensor, from, to, every } }, { sql }) => {
  const rows =
    every === 'hour'
      ? sql.fragment`(select sensor, hour as measured_at, total_celsius / readings as celsius from reading_hours) as hours`
      : sql.fragment`readings`
  return sql.stream<z.infer<typeof Reading>>`
    select sensor, measured_at, celsius
    from ${rows}
    where (${sensor ?? null}::text is null or sensor = ${sensor ?? null})
      and measured_at >= ${from ?? '-infinity'}::timestamptz and measured_at < ${to ?? 'infinity'}::timestamptz
    order by sensor, measured_at`
})
