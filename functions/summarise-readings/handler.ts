import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

export default implement(contract, { sql: postgres }, async ({ events }, { sql, purge }) => {
  const batches = events.map(({ data }) => data.number)
  // In the order of their key, so that two instances never wait for each other's rows.
  await sql`
    insert into reading_hours (sensor, hour, readings, total_celsius)
    select sensor, date_trunc('hour', measured_at, 'UTC') as hour, count(*), sum(celsius)
    from readings
    where batch = any(${batches})
    group by sensor, hour
    order by sensor, hour
    on conflict (sensor, hour) do update set
      readings = reading_hours.readings + excluded.readings,
      total_celsius = reading_hours.total_celsius + excluded.total_celsius`
  await purge('readings')
})
