/**
 * node bench/session-reset/run.ts [rounds]
 *
 * What it costs that a connection comes back as it was: so many (3,000) transactions and reads of one statement, one after
 * the other on one connection, in turns: one that leaves nothing, one that sets something for the transaction, and one
 * that sets it for the session, which is taken back. And what it costs to look at a statement for that.
 */
import { createLog, parseConfig } from 'ebb/kernel'
import { postgres } from '../../src/data/postgres/postgres.ts'
import { checkStatement } from '../../src/data/postgres/session.ts'
import { quartiles } from '../measure/samples.ts'
import { startDatabase } from '../measure/start-database.ts'

const rounds = Number(process.argv[2] ?? 3_000)
const [WARM_UP, LOOKS] = [500, 1_000_000]
const STATEMENTS = {
  nothing: 'select 1',
  'a local setting': "select set_config('app.caller', 'ada', true)",
  'a session setting': "select set_config('app.caller', 'ada', false)",
}
const LONG = `insert into orders (id, sku, quantity, amount, currency, email, customer)
  values ($1, $2, $3, $4, $5, $6, $7) returning id, sku, quantity, amount, currency, email, customer`

await using database = await startDatabase()
const config = parseConfig({ DATABASE_URL: database.url, EBB_POOL_MAX: '1' })
const opened = postgres.open(config, createLog({ level: 'silent' }))
const { signal } = new AbortController()

async function microsOf(text: string, readOnly: boolean): Promise<number> {
  const began = performance.now()
  const options = { readOnly, repeatable: false, timeoutMs: 10_000, signal }
  await postgres.transaction?.run(opened, options, (sql) => sql(Object.assign([text], { raw: [text] })))
  return (performance.now() - began) * 1_000
}

const cases = [false, true].flatMap((readOnly) =>
  Object.entries(STATEMENTS).map(([name, text]) => ({ name, text, readOnly, micros: [] as number[] })),
)
for (let round = -WARM_UP; round < rounds; round++) {
  for (const { text, readOnly, micros } of cases) {
    const took = await microsOf(text, readOnly)
    if (round >= 0) micros.push(took)
  }
}
console.log('| request | sets | us, median | quartiles |\n| - | - | - | - |')
for (const { name, readOnly, micros } of cases) {
  const [first, median, third] = Object.values(quartiles(micros)).map((value) => value.toFixed(0))
  console.log(`| ${readOnly ? 'reads' : 'writes'} | ${name} | ${median} | ${first} to ${third} |`)
}
for (const text of ['select 1', LONG]) {
  for (let i = 0; i < LOOKS; i++) checkStatement(text)
  const before = process.cpuUsage()
  for (let i = 0; i < LOOKS; i++) checkStatement(text)
  const { user, system } = process.cpuUsage(before)
  console.log(`looking at a statement of ${text.length} characters: ${((user + system) / LOOKS).toFixed(2)} us of CPU`)
}
await postgres.close?.(opened)
