import { endpoint } from 'ebb/contract'
import { implement, serve } from 'ebb/http'

const contract = endpoint({
  ...{ name: 'echo', summary: 'Says it again.', method: 'GET', path: '/v1/echo', reply: { status: 101 } },
  ...{ access: { anonymous: true }, upgrade: { maxSeconds: 3 } },
})

serve(
  implement(contract, {}, async (_input, { connection }) => {
    for await (const message of connection.messages) await connection.send(message)
  }),
)
