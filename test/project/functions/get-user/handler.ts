import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import type * as z from 'zod'
import type { User } from '../../domain/user.ts'
import contract from './contract.ts'

type Row = z.infer<typeof User> & { readonly owner: string }

export default implement(contract, { sql: postgres }, async ({ params }, { sql, own, fail }) => {
  const user = await sql.one<Row>`select * from users where id = ${params.id}`
  if (!user) throw fail('user_not_found', 'There is no such user.')
  own(user.owner)
  return user
})
