import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { NODE_FLAGS } from '../../src/build/index.ts'
import { startRedis } from '../../src/dev/redis.ts'
import { inheritedEnv } from '../../src/kernel/index.ts'
import { generateIdentityKeys } from '../../src/protocol/index.ts'
import { copyCheckout } from '../../test/support/checkout.ts'
import { startIssuer, startOurGateway } from '../gateway/our-gateway.ts'
import { startProcess } from '../gateway/start-process.ts'
import { findFreePort } from '../measure/prepare-start.ts'
import { readCpuMicros } from '../measure/process-usage.ts'
import { startDatabase } from '../measure/start-database.ts'
import { startOtlpSink } from '../measure/start-otlp-sink.ts'

const PROJECT = 'bench/scale/project'
const FUNCTIONS = ['read-news', 'read-thing', 'add-thing', 'note-thing'] as const
const [CORE, POOL_MAX] = [0, 5]

/** What is measured of: each is one process, but for Postgres, which is one for each connection and some more. */
export type Part = 'gateway' | 'redis' | 'postgres' | 'relay' | (typeof FUNCTIONS)[number]

/** One of each part as its image runs it, all traced, with a token for each of so many callers. */
export async function startSystem({ callers = 100 } = {}) {
  await using opened = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'ebb-bench-scale-'))
  opened.defer(() => rm(folder, { recursive: true, force: true }))
  const database = opened.use(await startDatabase({ project: PROJECT, prepare: 'analyze things' }))
  const redis = await startRedis(process.env.PATH ?? '')
  if (!redis) throw new Error('there is no redis-server or valkey-server on PATH')
  opened.defer(() => redis.stop())
  const sink = opened.use(await startOtlpSink())
  const issuer = opened.use(await startIssuer())
  const keys = await generateIdentityKeys()

  const checkout = await copyCheckout({}, { project: PROJECT })
  opened.defer(checkout.remove)
  const build = ['src/cli.ts', 'build', ...FUNCTIONS, '--out', folder]
  await promisify(execFile)(process.execPath, build, { cwd: checkout.root })
  const shared = {
    ...{ ...inheritedEnv(['PATH']), NODE_ENV: 'production', EBB_HOST: '127.0.0.1', DATABASE_URL: database.url },
    ...{ REDIS_URL: redis.url, OTEL_EXPORTER_OTLP_ENDPOINT: sink.url },
  }
  const pids = new Map<Part, number>([
    ['redis', redis.pid],
    ['postgres', database.pid],
  ])
  const upstreams: Record<string, string> = {}
  for (const name of FUNCTIONS) {
    const port = await findFreePort()
    const env = {
      ...shared,
      PORT: `${port}`,
      EBB_IDENTITY_JWKS: JSON.stringify(keys.jwks),
      EBB_POOL_MAX: `${POOL_MAX}`,
    }
    const command = [process.execPath, ...NODE_FLAGS, join(folder, name, 'start.cjs')]
    pids.set(name, opened.use(await startProcess(command, { port, env })).pid)
    upstreams[name] = `http://127.0.0.1:${port}`
  }
  const settings = { EBB_UPSTREAMS: JSON.stringify(upstreams), EBB_IDENTITY_KEY: JSON.stringify(keys.gateway) }
  const gateway = opened.use(
    await startOurGateway({
      ...{ folder, project: checkout.root, settings, core: CORE, upstreamPort: 9, databaseUrl: database.url },
      ...{ redisUrl: redis.url, issuer: issuer.url, otlpUrl: sink.url },
    }),
  )
  pids.set('gateway', gateway.pid)
  const adminPort = await findFreePort()
  const relayEnv = {
    ...{ ...shared, EBB_ADMIN_PORT: `${adminPort}`, EBB_CONTRACTS: join(folder, 'contracts') },
    ...{ EBB_UPSTREAMS: settings.EBB_UPSTREAMS, EBB_IDENTITY_KEY: JSON.stringify(keys.relay) },
  }
  const relayCommand = [process.execPath, ...NODE_FLAGS, 'services/relay/index.ts']
  pids.set('relay', opened.use(await startProcess(relayCommand, { port: adminPort, env: relayEnv })).pid)
  const kept = opened.move()
  return {
    ...{ url: `http://127.0.0.1:${gateway.port}`, databaseUrl: database.url },
    tokens: await Promise.all(Array.from({ length: callers }, (_, i) => issuer.sign(`caller-${i}`))),
    /** What each part has computed so far, in microseconds. */
    cpu: async () =>
      new Map(await Promise.all([...pids].map(async ([part, pid]) => [part, await cpuOf(pid)] as const))),
    [Symbol.asyncDispose]: () => kept.disposeAsync(),
  }
}

export type System = Awaited<ReturnType<typeof startSystem>>

/** Of a process and its children, which Postgres's connections are, those among them that have ended. */
async function cpuOf(pid: number): Promise<number> {
  const children = (await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8')).trim().split(' ').filter(Boolean)
  const each = await Promise.all([pid, ...children.map(Number)].map((one) => readCpuMicros(one).catch(() => 0)))
  return each.reduce((sum, micros) => sum + micros, await ofEnded(pid))
}

/** proc(5): cutime and cstime, in hundredths of a second. */
async function ofEnded(pid: number): Promise<number> {
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8')
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ')
  return (Number(fields[13]) + Number(fields[14])) * 10_000
}
