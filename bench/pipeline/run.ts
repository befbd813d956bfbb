/**
 * node bench/pipeline/run.ts [rows]
 *
 * Rows a second into a table with a primary key and a check, and out of it: through gateway and function, each a process of
 * its own, as NDJSON that is validated line by line, by curl; and beside that `\copy` of psql with the same rows, in turns. Prints the
 * medians of three rounds, after one to warm up, their ratio, how much the memory of gateway and function has grown in these, and how
 * much in the first, from where each process began.
 */
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import pg from 'pg'
import { CREATE_TABLE, linesOf } from '../../test/pipeline/rows.ts'
import { startParts } from '../../test/streams/start-parts.ts'
import { watchRss } from '../../test/streams/watch-rss.ts'
import { quartiles } from '../measure/samples.ts'
import { startDatabase } from '../measure/start-database.ts'

const rows = Number(process.argv[2] ?? 1_000_000)
const ROUNDS = 3

await using opened = new AsyncDisposableStack()
const { url } = opened.use(await startDatabase())
const folder = await mkdtemp(join(tmpdir(), 'ebb-bench-pipeline-'))
opened.defer(() => rm(folder, { recursive: true, force: true }))
const [lines, table] = [join(folder, 'rows.ndjson'), join(folder, 'rows.tsv')]
await writeFile(lines, linesOf(rows))
await writeFile(table, linesOf(rows, { format: 'copy' }))
const client = new pg.Client({ connectionString: url })
await client.connect()
opened.defer(() => client.end())
await client.query(CREATE_TABLE)
const parts = { project: resolve('test/pipeline'), bundled: true, balanced: false }
const input = await startParts('put-rows', { DATABASE_URL: url }, parts)
opened.defer(input.close)
const output = await startParts('list-rows', { DATABASE_URL: url }, parts)
opened.defer(output.close)

const run = async (program: string, ...args: readonly string[]) => {
  const [code] = await once(spawn(program, args, { stdio: ['ignore', 'ignore', 'inherit'] }), 'exit')
  if (code !== 0) throw new Error(`${program} ended with ${code}`)
}
const psql = (command: string) => run('psql', url, '-qc', command)
const out = join(folder, 'out.ndjson')
const curl = (...args: readonly string[]) => run('curl', '-sSf', '-o', out, ...args)
const empty = () => client.query('truncate measured; checkpoint')
const put = () => curl('-X', 'POST', '-T', lines, '-H', 'content-type: application/x-ndjson', `${input.url}/v1/rows`)
const get = () => curl(`${output.url}/v1/rows`)
const countStored = async () =>
  (await client.query<{ n: number }>('select count(*)::int as n from measured')).rows[0]?.n
/** Checked beside the clock. */
const check = async (found: Promise<number | undefined>) => {
  if ((await found) !== rows) throw new Error('not all rows came')
}
const countLines = async () => {
  let found = 0
  for (const byte of await readFile(out)) if (byte === LF) found++
  return found
}
const LF = 10
const secondsOf = async (work: () => Promise<void>) => {
  const startedAt = performance.now()
  await work()
  return (performance.now() - startedAt) / 1_000
}

const seconds = { 'psql in': [], 'ebb in': [], 'psql out': [], 'ebb out': [] } as Record<string, number[]>
const measure = async (name: string, work: () => Promise<void>) => seconds[name]?.push(await secondsOf(work))
let cold: readonly number[] = []
let grown: readonly number[] = []
for (let round = 0; round <= ROUNDS; round++) {
  const pids = [input.current.gateway, input.current.function, output.current.gateway, output.current.function]
  const watched = await Promise.all(pids.map(({ pid }) => watchRss(pid)))
  await empty()
  await measure('psql in', () => psql(`\\copy measured from ${table}`))
  await empty()
  await measure('ebb in', put)
  await check(countStored())
  await measure('psql out', () => psql(`\\copy measured to ${join(folder, 'out.tsv')}`))
  await measure('ebb out', get)
  await check(countLines())
  const growth = await Promise.all(watched.map(({ stop }) => stop()))
  if (round === 0) {
    for (const all of Object.values(seconds)) all.length = 0
    cold = growth
  } else grown = growth.map((mib, i) => Math.max(mib, grown[i] ?? 0))
}

const rate = (name: string) => rows / quartiles(seconds[name] ?? []).median
console.log(
  `${rows} rows, ${ROUNDS} rounds in turns, Node ${process.version}, load average ${loadavg()[0]?.toFixed(1)}`,
)
console.table(
  ['in', 'out'].map((way, i) => ({
    way,
    'psql rows/s': rate(`psql ${way}`).toFixed(0),
    'ebb rows/s': rate(`ebb ${way}`).toFixed(0),
    '× psql': (rate(`ebb ${way}`) / rate(`psql ${way}`)).toFixed(2),
    'gateway RSS + MiB (first)': `${grown[2 * i]?.toFixed(1)} (${cold[2 * i]?.toFixed(1)})`,
    'function RSS + MiB (first)': `${grown[2 * i + 1]?.toFixed(1)} (${cold[2 * i + 1]?.toFixed(1)})`,
  })),
)
