import { http, postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

export default implement(contract, { sql: postgres, http }, async ({ event, data }, { sql, http, secrets }) => {
  await sql`insert into told (entry, event) values (${data.name}, ${event.id})`
  const { status } = await http.post(secrets.THIRD_PARTY_URL.reveal(), {
    headers: { 'idempotency-key': event.id },
    json: { name: data.name },
  })
  if (status !== 204) throw new Error(`the third party answered ${status}`)
})
