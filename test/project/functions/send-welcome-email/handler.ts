import { mail, postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

export default implement(contract, { sql: postgres, mail }, async ({ event, data }, { mail }) => {
  await mail.send({
    messageId: `${event.id}@welcome.example.com`,
    from: 'hello@example.com',
    to: data.email,
    subject: `Welcome, ${data.name}`,
    text: 'Your account is ready.\n',
  })
})
