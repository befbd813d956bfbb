import { once } from 'node:events'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Redis } from 'ioredis'
import { type Program, startProgram } from '../../src/dev/processes/start-child.ts'
import { findProgram } from './find-program.ts'
import { untilTrue } from './until.ts'

const SLOTS = 16_384
const QUIET = ['--save', '', '--appendonly', 'no']

/** That of a node's bus is so much above its own. */
const BUS = 10_000

const given = new Set<number>()

/** One that is free, with that of a node's bus; both are below those that the system gives to connections. */
async function findPort(): Promise<number> {
  for (let attempt = 0; attempt < 50; attempt++) {
    const port = 20_000 + Math.floor(Math.random() * 2_700)
    if (given.has(port) || !(await isFree(port)) || !(await isFree(port + BUS))) continue
    given.add(port)
    return port
  }
  throw new Error('50 ports that were tried are in use')
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer()
  const listens = await once(server.listen(port, '127.0.0.1'), 'listening').then(
    () => true,
    () => false,
  )
  await new Promise((resolve) => server.close(resolve))
  return listens
}

/** Starts servers in a folder of their own. */
async function openFolder() {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-redis-'))
  const servers = new Set<Program>()
  const kill = async (server: Program) => {
    servers.delete(server)
    process.kill(server.pid, 'SIGKILL')
    await server.exited
  }
  return {
    folder,
    async start(args: readonly string[]) {
      const ready = Promise.withResolvers<void>()
      const program = findProgram('redis-server', 'valkey-server') ?? ''
      const onLine = (line: string) => {
        if (/ready to accept connections|\+monitor/i.test(line)) ready.resolve()
      }
      const server = await startProgram([program, ...args, '--dir', folder], { onLine })
      servers.add(server)
      const ended = server.exited.then(() => Promise.reject(new Error(`${args.join(' ')} ended before it was ready`)))
      await Promise.race([ready.promise, ended])
      return server
    },
    kill,
    async stop() {
      for (const server of servers) await kill(server)
      await rm(folder, { recursive: true, force: true })
    },
  }
}

/** A cluster of three nodes on this machine, without replicas. */
export async function startRedisCluster() {
  const { start, stop } = await openFolder()
  const ports = [await findPort(), await findPort(), await findPort()]
  const atPort = (port: number) => ['--port', `${port}`, '--bind', '127.0.0.1', ...QUIET]
  for (const port of ports)
    await start([...atPort(port), '--cluster-enabled', 'yes', '--cluster-config-file', `nodes-${port}.conf`])
  const nodes = ports.map((port) => new Redis(port, '127.0.0.1', { disconnectTimeout: 100 }))
  const size = Math.ceil(SLOTS / nodes.length)
  for (const [i, node] of nodes.entries()) {
    await node.call('CLUSTER', 'ADDSLOTSRANGE', i * size, Math.min(SLOTS, (i + 1) * size) - 1)
    for (const port of ports) await node.call('CLUSTER', 'MEET', '127.0.0.1', port)
  }
  const isWhole = async () => {
    const told = await Promise.all(nodes.map((node) => node.call('CLUSTER', 'INFO')))
    return told.every((info) => /cluster_state:ok/.test(`${info}`) && /cluster_known_nodes:3/.test(`${info}`))
  }
  await untilTrue(isWhole, { what: 'the nodes know each other' })
  return {
    url: `redis://127.0.0.1:${ports[0]}?cluster=true`,
    nodes,
    async stop() {
      for (const node of nodes) node.disconnect()
      await stop()
    },
  }
}

/** A primary called `main`, a replica of it, and a Sentinel that finds the primary dead after half a second. */
export async function startRedisSentinel() {
  const { folder, start, kill, stop } = await openFolder()
  const [port, replicaPort, sentinelPort] = [await findPort(), await findPort(), await findPort()]
  const atPort = (at: number) => ['--port', `${at}`, '--bind', '127.0.0.1', ...QUIET]
  const primary = await start(atPort(port))
  await start([...atPort(replicaPort), '--replicaof', '127.0.0.1', `${port}`])
  const file = join(folder, 'sentinel.conf')
  const lines = ['monitor main 127.0.0.1 PORT 1', 'down-after-milliseconds main 500', 'failover-timeout main 2000']
  const text = lines.map((line) => `sentinel ${line.replace('PORT', `${port}`)}\n`).join('')
  await writeFile(file, `port ${sentinelPort}\nbind 127.0.0.1\n${text}`)
  await start([file, '--sentinel'])
  const sentinel = new Redis(sentinelPort, '127.0.0.1', { disconnectTimeout: 100 })
  const knowsReplica = async () => /slaves=1/.test(`${await sentinel.call('INFO', 'sentinel')}`)
  await untilTrue(knowsReplica, { what: 'the Sentinel knows the replica' })
  return {
    url: `redis://127.0.0.1:${sentinelPort}?sentinel=main`,
    killPrimary: () => kill(primary),
    async stop() {
      sentinel.disconnect()
      await stop()
    },
  }
}
