import { http, postgres, redis } from 'ebb/data'
import { implement } from 'ebb/http'
import type * as z from 'zod'
import type { Thing } from '../../thing.ts'
import contract from './contract.ts'

export default implement(
  contract,
  { sql: postgres, redis, http },
  async ({ params, body }, { sql, redis, http, caller, secrets, emit, fail }) => {
    const made = await sql.one<z.infer<typeof Thing>>`
      insert into things (id, name, maker) values (${params.id}, ${body.name}, ${caller.sub})
      on conflict do nothing
      returning *`
    if (!made) throw fail('thing_exists', 'There is such a thing already.')
    await redis?.set(`thing:${params.id}`, body.name, 'EX', 60)
    await redis?.get(`thing:${params.id}`)
    await redis?.llen(`thing:${params.id}`).catch(() => {})
    await redis?.multi().set(`maker:${params.id}`, caller.sub).expire(`maker:${params.id}`, 60).exec()
    await redis?.eval('return ARGV[1]', 1, `thing:${params.id}`, body.name)
    await http.get(new URL('/parts?of=lamp', secrets.UPSTREAM_URL.reveal()))

    await sql`savepoint attempt`
    await sql`select ${body.name}::integer`.catch(() => sql`rollback to savepoint attempt`)
    await sql`select id from things where maker = ${caller.sub} and name = ${body.name}`
    if (body.name.startsWith('broken')) throw new TypeError('an error that is not declared')
    await emit('thing.made', made, { subject: params.id })
    return made
  },
)
