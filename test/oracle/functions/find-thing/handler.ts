import { http, postgres, redis } from 'ebb/data'
import { implement } from 'ebb/http'
import type * as z from 'zod'
import type { Thing } from '../../thing.ts'
import contract from './contract.ts'

export default implement(
  contract,
  { sql: postgres, redis, http },
  async ({ params, query }, { sql, redis, http, secrets, fail }) => {
    await redis?.get(`thing:${params.id}`)
    const thing = await sql.one<z.infer<typeof Thing>>`select * from things where id = ${params.id}`
    if (!thing) throw fail('thing_not_found', 'There is no such thing.')
    // Answered with 404, which is an answer like any other.
    if (query.parts === 'one')
      await http.post(new URL('/missing', secrets.UPSTREAM_URL.reveal()), { json: { id: params.id } })
    else await http.get('http://127.0.0.1:1/', { retries: 0 }).catch(() => {})
    return thing
  },
)
