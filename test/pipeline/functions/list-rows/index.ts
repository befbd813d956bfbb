import { postgres } from 'ebb/data'
import { implement, serve } from 'ebb/http'
import contract from './contract.ts'

interface Row {
  readonly id: number
  readonly sensor: string
  readonly at: string
  readonly celsius: number
}

const listRows = implement(
  contract,
  { sql: postgres },
  async (_input, { sql }) => sql.stream<Row>`select id, sensor, at, celsius from measured order by id`,
)

serve(listRows)
