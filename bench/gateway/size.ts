/**
 * node bench/gateway/size.ts [connections] [rate]
 *
 * What the gateway's size costs: CPU that a request takes at so many requests a second (1,000) and resident memory, with 5 routes
 * and with 500; and what so many idle connections (10,000) take in memory. The gateway on one core, all else on another.
 */
import { execFileSync } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startRedis } from '../../src/dev/redis.ts'
import { load } from '../measure/load.ts'
import { readMemory } from '../measure/process-usage.ts'
import { startDatabase } from '../measure/start-database.ts'
import { startOtlpSink } from '../measure/start-otlp-sink.ts'
import { startUpstream } from './native-proxies.ts'
import { startIssuer, startOurGateway } from './our-gateway.ts'

const connections = Number(process.argv[2] ?? 10_000)
const rate = Number(process.argv[3] ?? 1_000)
const SECONDS = 4
const [GATEWAY_CORE, OTHER_CORE] = [0, 1]
const CONNECTIONS_AT_ONCE = 100

execFileSync('taskset', ['-cp', String(OTHER_CORE), String(process.pid)])
await using stack = new AsyncDisposableStack()
const folder = await mkdtemp(join(tmpdir(), 'ebb-bench-gateway-'))
stack.defer(() => rm(folder, { recursive: true }))
// Below the checkout, so that the contracts find `ebb/contract`.
const projects = join(import.meta.dirname, '../../.ebb/bench-gateway')
stack.defer(() => rm(projects, { recursive: true, force: true }))
const database = stack.use(await startDatabase())
const redis = await startRedis(process.env.PATH ?? '')
if (!redis) throw new Error('there is no redis-server or valkey-server on PATH')
stack.defer(() => redis.stop())
const sink = stack.use(await startOtlpSink())
const issuer = stack.use(await startIssuer())
const upstream = stack.use(await startUpstream(folder, OTHER_CORE))

const rows = []
for (const routes of [5, 500, 5, 500]) {
  const project = await writeProject(routes)
  await using gateway = await startOurGateway({
    ...{ folder, project, core: GATEWAY_CORE, upstreamPort: upstream.port, issuer: issuer.url, otlpUrl: sink.url },
    ...{ databaseUrl: database.url, redisUrl: redis.url, settings: { EBB_MAX_CONNECTIONS: String(connections + 100) } },
  })
  const headers = { authorization: `Bearer ${issuer.token}` }
  // The last of them, by its name and as it was declared.
  const path = `/v1/things-${routes}/0190a5e8-0000-7000-8000-000000000001`
  const subject = { request: () => ({ method: 'GET' as const, path, headers }), expectStatus: 200 }
  await load(gateway, subject, SECONDS)
  const { cpuMicros } = await load(gateway, subject, SECONDS, { rate })
  const before = await readMemory(gateway.pid)
  const sockets = await openConnections(gateway.port, connections)
  const after = await readMemory(gateway.pid)
  for (const socket of sockets) socket.destroy()
  rows.push({
    routes,
    [`CPU µs at ${rate}/s`]: cpuMicros.toFixed(0),
    'RSS MiB': before.rssMb.toFixed(0),
    [`KiB a connection, of ${connections}`]: (((after.rssMb - before.rssMb) * 1_024) / connections).toFixed(1),
  })
}
console.table(rows)

async function writeProject(routes: number): Promise<string> {
  const project = join(projects, String(routes))
  for (let i = 1; i <= routes; i++) {
    const folder = join(project, 'functions', `get-thing-${i}`)
    await mkdir(folder, { recursive: true })
    const contract = `import { endpoint } from 'ebb/contract'
import * as z from 'zod'

export default endpoint({
  name: 'get-thing-${i}',
  summary: 'Look up a thing.',
  method: 'GET',
  path: '/v1/things-${i}/{id}',
  params: z.object({ id: z.uuid() }),
  query: z.object({ fields: z.string().max(100).optional() }),
  reply: { status: 200, body: z.object({ id: z.uuid(), name: z.string() }) },
  access: { scopes: ['things:read'] },
  limit: { requests: 10_000, perSeconds: 1, burst: 10_000 },
})
`
    await writeFile(join(folder, 'contract.ts'), contract)
  }
  return project
}

async function openConnections(port: number, count: number): Promise<readonly Socket[]> {
  const sockets: Socket[] = []
  while (sockets.length < count) {
    const some = Array.from({ length: Math.min(CONNECTIONS_AT_ONCE, count - sockets.length) }, () =>
      connect({ port, host: '127.0.0.1' }),
    )
    await Promise.all(some.map((socket) => once(socket, 'connect')))
    sockets.push(...some)
  }
  return sockets
}
