import { postgres, type Sql } from 'ebb/data'
import { implement, serve } from 'ebb/http'
import contract from './contract.ts'

interface Row {
  readonly id: number
  readonly sensor: string
  readonly at: string
  readonly celsius: number
}

const PAGE = 1_000

async function* pages(sql: Sql) {
  let after = 0
  for (;;) {
    const page = await sql<Row>`
      select id, sensor, at, celsius from measured where id > ${after} order by id limit ${PAGE}`
    yield* page
    const last = page.at(-1)
    if (!last || page.length < PAGE) return
    after = last.id
  }
}

const listRows = implement(contract, { sql: postgres }, async (_input, { sql }) => pages(sql))

serve(listRows)
