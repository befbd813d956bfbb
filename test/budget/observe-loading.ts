import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import type { FunctionBundle } from '../../src/build/bundle-function.ts'
import { startInMemoryPostgres } from '../../src/build/warm-up/in-memory-postgres.ts'
import { startOtlpSink } from '../../src/build/warm-up/loopback.ts'
import { sampleColumns } from '../../src/build/warm-up/sample-columns.ts'
import { CALLER, signTokens } from '../../src/build/warm-up/warm-up-requests.ts'
import type { FunctionContract } from '../../src/contract/index.ts'
import { functionRequest } from '../../src/deploy/sample/sample-request.ts'
import { signers, startBuilt } from '../support/start-built.ts'

/** In the order in which they come. */
const MOMENTS = ['listening', 'answered', 'done', 'ended'] as const
type Moment = (typeof MOMENTS)[number]

/** What came at each moment on top of what was there before. */
export interface Loading {
  readonly status: number
  readonly parts: Readonly<Record<Moment, readonly string[]>>
  /** Of Node's public modules, those that a server of bare node:http has not loaded by then. */
  readonly builtins: Readonly<Record<Moment, readonly string[]>>
}

type Loaded = Readonly<Record<'files' | 'builtins', readonly string[]>>

/** Starts a built function, lets it answer one good request and ends it; returns what was loaded when. */
export async function observeLoading(contract: FunctionContract, { file, parts }: FunctionBundle): Promise<Loading> {
  await using opened = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'ebb-loading-'))
  opened.defer(() => rm(folder, { recursive: true, force: true }))
  const database = opened.use(await startInMemoryPostgres(sampleColumns(contract, { owner: CALLER })))
  const sink = opened.use(await startOtlpSink())
  const [preload, bare] = [join(folder, 'preload.cjs'), join(folder, 'bare.cjs')]
  await writeFile(preload, `(${reportLoaded})()`)
  await writeFile(bare, `(${serveBare})()`)

  const observe = async (start: string, request: Parameters<Awaited<ReturnType<typeof startBuilt>>['ask']>[0]) => {
    const stores = { DATABASE_URL: database.url, EBB_MAIL_FOLDER: join(folder, 'mail') }
    // The defaults; and an address to listen on would load node:dns.
    const usual = { OTEL_TRACES_EXPORTER: 'otlp', OTEL_METRICS_EXPORTER: 'otlp', EBB_HOST: '' }
    await using started = await startBuilt(start, {
      nodeArgs: ['--require', preload],
      env: { ...stores, ...usual, OTEL_EXPORTER_OTLP_ENDPOINT: sink.url },
    })
    const { status } = await started.ask(request)
    await started.end()
    return { status, reported: new Map<string, Loaded>(started.reported.map((line) => JSON.parse(line))) }
  }
  const known = await observe(bare, { method: 'GET', target: '/', headers: {}, body: undefined })
  const { status, reported } = await observe(file, await goodRequest(contract))
  const names = new Map(Object.entries(parts).map(([name, part]) => [basename(part.file), name]))
  return {
    status,
    parts: byMoment((moment) => (reported.get(moment)?.files ?? []).map((path) => names.get(basename(path)) ?? path)),
    builtins: byMoment((moment) => {
      const usual = new Set(known.reported.get(moment)?.builtins)
      return (reported.get(moment)?.builtins ?? []).filter((name) => !usual.has(name))
    }),
  }
}

async function goodRequest(contract: FunctionContract) {
  const { caller } = await signTokens(contract, await signers())
  const request = functionRequest(contract, undefined)
  return { ...request, headers: { ...request.headers, 'ebb-identity': caller } }
}

function byMoment(loadedAt: (moment: Moment) => readonly string[]): Readonly<Record<Moment, readonly string[]>> {
  const before = new Set<string>()
  const entries = MOMENTS.map((moment) => {
    const fresh = loadedAt(moment).filter((name) => !before.has(name))
    for (const name of fresh) before.add(name)
    return [moment, fresh.sort()] as const
  })
  // It has an entry for each of them, which its type does not say.
  return Object.fromEntries(entries) as Readonly<Record<string, readonly string[]>> as Record<Moment, readonly string[]>
}

// Both run in another process, as their own text: they can use nothing of this module.

/** Writes to file descriptor 3 what is loaded at each of the moments. */
function reportLoaded() {
  const { writeSync } = process.getBuiltinModule('node:fs')
  const { subscribe } = process.getBuiltinModule('node:diagnostics_channel')
  const reported = new Set<string>()
  const report = (moment: Moment) => {
    if (reported.has(moment)) return
    reported.add(moment)
    const files = Reflect.get(globalThis, Symbol.for('ebb.started'))?.scripts.keys() ?? []
    const all: readonly string[] = Reflect.get(process, 'moduleLoadList')
    const builtins = all.flatMap((line) => /^NativeModule (?!internal\/)(.*)/.exec(line)?.slice(1) ?? [])
    writeSync(3, `${JSON.stringify([moment, { files: [...files], builtins }])}\n`)
  }
  subscribe('tracing:net.server.listen:asyncEnd', () => report('listening'))
  subscribe('http.server.response.finish', () => {
    report('answered')
    // After the listeners of the response's 'close', for which Node queues one tick now, and before any timer or signal.
    process.nextTick(() => process.nextTick(() => report('done')))
  })
  process.on('exit', () => report('ended'))
}

function serveBare() {
  const { writeSync } = process.getBuiltinModule('node:fs')
  const server = process
    .getBuiltinModule('node:http')
    .createServer((_request, response) => response.end())
    .listen(0, () => {
      const { port } = Object(server.address())
      writeSync(1, `{"msg":"listening","port":${port}}\n`)
    })
  process.once('SIGTERM', () => process.exit(0))
}
