/**
 * node bench/own-parts/warm-up.ts [runs] [folder]
 *
 * What the in-memory Postgres of a warm-up (src/build/warm-up) is worth: place-order up to its 201, built by this checkout's
 * command line with it, with none that answers, and with an embedded Postgres and the project's migrations. Prints the medians of the cold start, in CPU time and from spawn to
 * the first answer, their ratios to the first line, the size of the code caches, and how long the build took. Images that are
 * in `folder` already are not built again.
 */
import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, readdir, readFile, rm, stat } from 'node:fs/promises'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { NODE_FLAGS } from '../../src/build/index.ts'
import { generateIdentityKeys } from '../../src/protocol/index.ts'
import { copyCheckout } from '../../test/support/checkout.ts'
import { type HttpRequest, prepareStart, type Subject } from '../measure/prepare-start.ts'
import { readCpuMicros } from '../measure/process-usage.ts'
import { quartiles, shuffled } from '../measure/samples.ts'
import { startDatabase } from '../measure/start-database.ts'
import { startOtlpSink } from '../measure/start-otlp-sink.ts'
import { signLastingIdentity } from '../measure/subjects.ts'

const runs = Number(process.argv[2] ?? 15)
const BUILD_LIMIT_MS = 600_000
const FUNCTION = 'place-order'

const NONE = `import { createServer } from 'node:net'
import { listenOnLoopback } from './loopback.ts'
export async function startInMemoryPostgres() {
  const listening = await listenOnLoopback(createServer((socket) => socket.destroy()))
  return { ...listening, url: \`postgres://u:p@127.0.0.1:\${listening.port}/x\` }
}
`
const REAL_POSTGRES = `import { startDatabase } from '../../../bench/measure/start-database.ts'
export async function startInMemoryPostgres() {
  const database = await startDatabase({ project: '.' })
  return { ...database, port: Number(new URL(database.url).port) }
}
`
const POSTGRES = 'src/build/warm-up/in-memory-postgres.ts'
const WARM_UP = 'src/build/warm-up/warm-up.ts'
interface Variant {
  readonly name: string
  readonly files: Readonly<Record<string, string>>
}

const variants: readonly Variant[] = [
  { name: 'in-memory Postgres', files: {} },
  { name: 'no Postgres', files: { [POSTGRES]: NONE } },
  { name: 'embedded Postgres', files: { [POSTGRES]: REAL_POSTGRES } },
]

await using opened = new AsyncDisposableStack()
const folder = process.argv[3] ?? (await mkdtemp(join(tmpdir(), 'ebb-bench-warm-up-')))
if (!process.argv[3]) opened.defer(() => rm(folder, { recursive: true, force: true }))
const sink = opened.use(await startOtlpSink())
const database = opened.use(await startDatabase())
const keys = await generateIdentityKeys()
const env = {
  ...{ EBB_IDENTITY_JWKS: JSON.stringify(keys.jwks), OTEL_EXPORTER_OTLP_ENDPOINT: sink.url, EBB_POOL_MAX: '5' },
  DATABASE_URL: database.url,
}
const orders = { 'ebb-identity': await signLastingIdentity(keys, 'place-order') }
const order = (): HttpRequest => ({
  ...{ method: 'POST', path: '/v1/orders', body: '{"sku":"LAMP-BRASS-01","quantity":1,"email":"ada@example.com"}' },
  headers: { ...orders, 'content-type': 'application/json', 'idempotency-key': randomUUID() },
})

interface Measured extends Variant, Awaited<ReturnType<typeof buildVariant>> {
  readonly wallMs: number[]
  readonly cpuMs: number[]
}

const measured: Measured[] = []
for (const [index, variant] of variants.entries()) {
  const built = await buildVariant(variant, join(folder, String(index)))
  measured.push({ ...variant, ...built, wallMs: [], cpuMs: [] })
  console.log(
    `${variant.name}: ${built.seconds === undefined ? 'was built before' : `built in ${built.seconds.toFixed(1)} s`}`,
  )
}
for (let run = -1; run < runs; run++) {
  for (const { subject, wallMs, cpuMs } of shuffled(measured)) {
    const start = await prepareStart(subject)
    await using started = await start()
    const cpuMicros = await readCpuMicros(started.pid)
    if (run < 0) continue
    wallMs.push(started.firstAnswerMs)
    cpuMs.push(cpuMicros / 1_000)
  }
}
console.log(
  `A cold start: Node ${process.version}, ${runs} interleaved runs, load average now ${loadavg()[0]?.toFixed(1)}`,
)
console.table(
  measured.map(({ name, wallMs, cpuMs, seconds, cacheKib }) => {
    const [first] = measured
    const cpu = quartiles(cpuMs)
    const wall = quartiles(wallMs)
    return {
      ...{ 'warmed up with': name, 'CPU ms': cpu.median.toFixed(1) },
      quartiles: `${cpu.first.toFixed(1)} to ${cpu.third.toFixed(1)}`,
      ratio: (cpu.median / quartiles(first?.cpuMs ?? []).median).toFixed(2),
      'first answer ms': wall.median.toFixed(1),
      'its ratio': (wall.median / quartiles(first?.wallMs ?? []).median).toFixed(2),
      ...{ 'caches KiB': cacheKib.toFixed(0), 'build s': seconds?.toFixed(1) },
    }
  }),
)

async function buildVariant(variant: Variant, out: string) {
  const image = join(out, FUNCTION)
  const seconds = existsSync(join(image, 'start.cjs')) ? undefined : await build(variant, out)
  const caches = (await readdir(image)).filter((name) => name.endsWith('.cache'))
  const sizes = await Promise.all(caches.map(async (name) => (await stat(join(image, name))).size))
  const subject: Subject = {
    ...{ name: variant.name, args: [...NODE_FLAGS, join(image, 'start.cjs')], env },
    ...{ request: order, expectStatus: 201 },
  }
  return { subject, seconds, cacheKib: sizes.reduce((sum, size) => sum + size, 0) / 1_024 }
}

/** Returns how many seconds it took. */
async function build(variant: Variant, out: string): Promise<number> {
  const bench = 'bench/measure/start-database.ts'
  const checkout = await copyCheckout({
    ...{ ...variant.files, [bench]: await readFile(bench, 'utf8') },
    // An initdb and the migrations do not fit into the limit of a warm-up.
    [WARM_UP]: (await readFile(WARM_UP, 'utf8')).replace('LIMIT_MS = 20_000', 'LIMIT_MS = 200_000'),
  })
  const args = ['src/cli.ts', 'build', FUNCTION, '--out', out]
  const startedAt = performance.now()
  await promisify(execFile)(process.execPath, args, { cwd: checkout.root, timeout: BUILD_LIMIT_MS }).finally(
    checkout.remove,
  )
  return (performance.now() - startedAt) / 1_000
}
