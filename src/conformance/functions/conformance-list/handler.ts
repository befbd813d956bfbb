import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

export default implement(contract, { sql: postgres }, async ({ query }, { sql, fail }) => {
  if (query.cursor !== undefined) throw fail('invalid_cursor', 'This is no cursor of this list.')
  const items = await sql<{ batch: string }>`
    select 'BATCH-' || number as batch from generate_series(1, ${query.limit}) as number`
  return { items }
})
