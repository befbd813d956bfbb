/**
 * node bench/gateway/size.ts [connections] [rate]
 *
 * What the gateway's size costs: CPU that a request takes at so many requests a second (1,000) and resident memory, with 5 routes
 * and with 500; and what so many idle connections (10,000) take in memory. The gateway on one core, all else on another.
 */
import { once } from 'node:events'
import { mkdir, rm, writeFile } from 'node:fs/promises'
import { connect, type Socket } from 'node:net'
import { join } from 'node:path'
import { load } from '../measure/load.ts'
import { readMemory } from '../measure/process-usage.ts'
import { startOurGateway } from './our-gateway.ts'
import { startEnvironment } from './start-environment.ts'

const connections = Number(process.argv[2] ?? 10_000)
const rate = Number(process.argv[3] ?? 1_000)
const SECONDS = 4
const CONNECTIONS_AT_ONCE = 100

await using environment = await startEnvironment()
await using stack = new AsyncDisposableStack()
// Below the checkout, so that the contracts find `ebb/contract`.
const projects = join(import.meta.dirname, '../../.ebb/bench-gateway')
stack.defer(() => rm(projects, { recursive: true, force: true }))

const rows = []
for (const routes of [5, 500, 5, 500]) {
  const project = await writeProject(routes)
  await using gateway = await startOurGateway({
    ...{ ...environment, project, settings: { EBB_MAX_CONNECTIONS: String(connections + 100) } },
  })
  const headers = { authorization: `Bearer ${environment.token}` }
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
