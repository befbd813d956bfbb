/**
 * node bench/tenant-setting/run.ts [rounds]
 *
 * What a tenant costs: so many (3,000) reads and transactions of one statement, one after the other on one connection, in
 * turns: without a tenant, with one on a table that has no policy, and with one on a table that is each tenant's own.
 */
import { createLog, parseConfig } from 'ebb/kernel'
import pg from 'pg'
import { postgres } from '../../src/data/postgres/postgres.ts'
import { quartiles } from '../measure/samples.ts'
import { startDatabase } from '../measure/start-database.ts'

const rounds = Number(process.argv[2] ?? 3_000)
const [WARM_UP, ROWS] = [500, 10_000]

await using database = await startDatabase()
const owner = new pg.Client({ connectionString: database.url })
await owner.connect()
for (const table of ['plain', 'guarded']) {
  await owner.query(`create table bench_${table} (id int, tenant text, text text, primary key (tenant, id))`)
  await owner.query(
    `insert into bench_${table} select n, 'tenant-' || n % 100, 'x' from generate_series(1, ${ROWS}) as n`,
  )
}
await owner.query(`
  select ebb.make_tenant_table('bench_guarded');
  analyze bench_plain, bench_guarded;
  do $$ begin create role bench_functions; exception when duplicate_object then null; end $$;
  grant usage on schema ebb to bench_functions;
  grant execute on function ebb.enter_tenant, ebb.current_tenant, ebb.require_tenant to bench_functions;
  grant select, update on bench_plain, bench_guarded to bench_functions`)
const config = parseConfig({ DATABASE_URL: `${database.url}?options=-c%20role=bench_functions`, EBB_POOL_MAX: '1' })
const opened = postgres.open(config, createLog({ level: 'silent' }))
const { signal } = new AbortController()

interface Case {
  readonly readOnly: boolean
  readonly what: string
  readonly table: string
  readonly tenant?: string
}

async function microsOf({ readOnly, table, tenant }: Case): Promise<number> {
  const began = performance.now()
  const options = { readOnly, repeatable: false, timeoutMs: 10_000, signal, tenant }
  const text = readOnly
    ? `select text from ${table} where tenant = 'tenant-1' and id = 101`
    : `update ${table} set text = 'y' where tenant = 'tenant-1' and id = 101`
  await postgres.transaction?.run(opened, options, (sql) => sql(Object.assign([text], { raw: [text] })))
  return (performance.now() - began) * 1_000
}

const cases = [true, false].flatMap((readOnly) =>
  (
    [
      { readOnly, what: 'no tenant', table: 'bench_plain' },
      { readOnly, what: 'a tenant, no policy', table: 'bench_plain', tenant: 'tenant-1' },
      { readOnly, what: "a tenant's table", table: 'bench_guarded', tenant: 'tenant-1' },
    ] satisfies Case[]
  ).map((one: Case) => ({ ...one, micros: [] as number[] })),
)
for (let round = -WARM_UP; round < rounds; round++) {
  for (const one of cases) {
    const took = await microsOf(one)
    if (round >= 0) one.micros.push(took)
  }
}
console.log('| request | | us, median | quartiles | x |\n| - | - | - | - | - |')
let base = 1
for (const { readOnly, what, tenant, micros } of cases) {
  const [first = 0, median = 0, third = 0] = Object.values(quartiles(micros))
  if (!tenant) base = median
  const range = `${first.toFixed(0)} to ${third.toFixed(0)}`
  console.log(
    `| ${readOnly ? 'reads' : 'writes'} | ${what} | ${median.toFixed(0)} | ${range} | ${(median / base).toFixed(2)} |`,
  )
}
await postgres.close?.(opened)
await owner.end()
