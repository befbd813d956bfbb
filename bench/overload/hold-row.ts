import { functionFiles } from '../../test/support/checkout.ts'

export const PATH = '/v1/hold-row'
export const TIMEOUT_MS = 2_000
const HELD_SECONDS = 0.02

/**
 * A function whose requests all want the same row, for 20 ms each: 50 requests a second at most, whatever the machine,
 * and the worst case of an overload, since a request that waits for the row holds a connection, and one more instance only
 * waits with them.
 */
export const holdRow: Readonly<Record<string, string>> = {
  ...functionFiles('hold-row', ''),
  'functions/hold-row/contract.ts': `
    import { endpoint } from 'ebb/contract'
    import * as z from 'zod'
    export default endpoint({
      name: 'hold-row', summary: 'Holds a row.', method: 'POST', path: '${PATH}', timeoutMs: ${TIMEOUT_MS},
      reply: { status: 200, body: z.object({ n: z.number() }) }, access: { anonymous: true },
      scale: { max: 5, concurrency: 50 },
    })`,
  'functions/hold-row/handler.ts': `
    import { postgres } from 'ebb/data'
    import { implement } from 'ebb/http'
    import contract from './contract.ts'
    export default implement(contract, { sql: postgres }, async (_input, { sql }) => {
      const row = await sql.one\`update held set n = n + 1 where id = 1 returning n\`
      await sql\`select pg_sleep(${HELD_SECONDS})\`
      return { n: row?.n as number }
    })`,
  'domain/migrations/0900.do.held.sql': `
    create table held (id int primary key, n int not null);
    insert into held values (1, 0);`,
}
