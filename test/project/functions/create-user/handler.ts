import { randomUUID } from 'node:crypto'
import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import type * as z from 'zod'
import type { User } from '../../domain/user.ts'
import contract from './contract.ts'

export default implement(contract, { sql: postgres }, async ({ body }, { sql, caller, emit, fail }) => {
  const user = await sql.one<z.infer<typeof User>>`
    insert into users (id, owner, email, name)
    values (${randomUUID()}, ${caller.sub}, ${body.email}, ${body.name})
    on conflict do nothing
    returning *`
  if (!user) throw fail('email_taken', `${body.email} has an account already.`)
  await emit('user.created', user, { subject: user.id })
  return user
})
