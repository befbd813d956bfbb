import { mail, postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

export default implement(contract, { sql: postgres, mail }, async ({ event, data }, { mail }) => {
  await mail.send({
    ...{ messageId: `${event.id}@notes.example`, from: 'notes@notes.example', to: 'ada@example.com' },
    ...{ subject: data.title, text: `Noted: ${data.title}\n` },
  })
})
