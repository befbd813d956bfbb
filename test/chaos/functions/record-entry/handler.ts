import { mail, postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

export default implement(contract, { sql: postgres, mail }, async ({ event, data }, { sql, mail }) => {
  await sql`insert into recorded (entry, event) values (${data.name}, ${event.id})`
  const [from, to] = ['recorder@example.com', 'reader@example.com']
  await mail.send({ messageId: `${event.id}@example.com`, from, to, subject: `${data.name} ${event.id}`, text: '' })
})
