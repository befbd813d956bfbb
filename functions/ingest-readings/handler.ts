import { CopyError, postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import type * as z from 'zod'
import type { Reading, ReadingBatch } from '../../domain/reading.ts'
import contract from './contract.ts'

export default implement(contract, { sql: postgres }, async ({ params: { id }, body }, { sql, emit, fail, purge }) => {
  // Another request with this id waits here until this one is committed or undone.
  const batch = await sql.one<{ number: number }>`
    insert into reading_batches (id) values (${id}) on conflict do nothing returning number`
  if (!batch) {
    const [known] = await sql<z.infer<typeof ReadingBatch>>`select id, readings from reading_batches where id = ${id}`
    return known ?? { id, readings: 0 }
  }
  const { number } = batch
  const rows = inBatch(body, number)
  const readings = await sql
    .copyInto('readings', ['batch', 'sensor', 'measured_at', 'celsius'], rows)
    .catch((error: unknown) => {
      if (error instanceof CopyError) throw fail('reading_refused', `Nothing is stored, since of ${error.message}.`)
      throw error
    })
  await sql`update reading_batches set readings = ${readings} where id = ${id}`
  await emit('readings.ingested', { id, readings, number }, { subject: id })
  await purge('readings')
  return { id, readings }
})

async function* inBatch(readings: AsyncIterable<z.infer<typeof Reading>>, batch: number) {
  for await (const reading of readings) yield { ...reading, batch }
}
