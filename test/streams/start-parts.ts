import { spawn } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { type AddressInfo, connect, createServer, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { killOnExit } from '../../bench/measure/kill-on-exit.ts'
import { bundleContracts, bundleFunction, NODE_FLAGS } from '../../src/build/index.ts'
import { replaceFile } from '../../src/build/write-chunk.ts'
import { inheritedEnv } from '../../src/kernel/index.ts'
import { generateIdentityKeys } from '../../src/protocol/index.ts'
import { followOutput } from '../chaos/follow-output.ts'

/** A process of the platform, or of a function. */
export interface Part {
  readonly port: number
  readonly pid: number
  /** Sends SIGTERM, and waits for its end. */
  readonly stop: () => Promise<void>
}

interface PartsOptions {
  /** The folder of its functions; default: this one. */
  readonly project?: string
  /** Whether it runs as its image holds it; default: from its sources. */
  readonly bundled?: boolean
  /** Whether a load balancer stands before each, so that it can be replaced; default: yes. Its bytes pass through this process. */
  readonly balanced?: boolean
}

/**
 * What a function needs to be called through a gateway, each part a process of its own; before both stands a load balancer, so
 * that either can be replaced.
 */
export async function startParts(
  name: string,
  env: Readonly<Record<string, string>> = {},
  { project = import.meta.dirname, bundled = false, balanced = true }: PartsOptions = {},
) {
  const opened = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'ebb-streams-'))
  opened.defer(() => rm(folder, { recursive: true, force: true }))
  const { file } = await bundleContracts(project, folder, { version: '1' })
  await replaceFile(join(folder, 'contracts'), basename(file))
  const { gateway, jwks } = await generateIdentityKeys()
  const [functions, gateways] = [await startBalancer(), await startBalancer()]
  opened.defer(functions.close)
  opened.defer(gateways.close)
  const common = {
    ...inheritedEnv(['PATH', 'NODE_COMPILE_CACHE']),
    EBB_HOST: '127.0.0.1',
    PORT: '0',
    EBB_DRAIN_MS: '200',
    NODE_ENV: 'production',
  }
  const start = async (script: string, settings: Readonly<Record<string, string>>): Promise<Part> => {
    const child = spawn(process.execPath, [...NODE_FLAGS, script], {
      env: { ...common, ...settings },
      stdio: ['ignore', 'pipe', 'inherit'],
    })
    opened.defer(killOnExit(child))
    const { ready, stop } = await followOutput(child, 'listening')
    return { port: Number(ready.port), pid: child.pid ?? 0, stop }
  }
  const script = bundled
    ? (await bundleFunction(project, name, folder)).file
    : join(project, `functions/${name}/index.ts`)
  const startFunction = () => start(script, { ...env, EBB_IDENTITY_JWKS: JSON.stringify(jwks) })
  const startGateway = (port = functions.port) =>
    start('services/gateway/index.ts', {
      ...{
        EBB_CONTRACTS: join(folder, 'contracts'),
        EBB_UPSTREAM_TEMPLATE: `http://{name}@127.0.0.1:${port}`,
      },
      ...{ EBB_IDENTITY_KEY: JSON.stringify(gateway), EBB_KEY_PEPPER: 'p'.repeat(32), EBB_ADMIN_KEY: 'a'.repeat(16) },
      // Nothing here asks it.
      ...{ DATABASE_URL: 'postgres://nobody@127.0.0.1:1/none', EBB_ADMIN_PORT: '0' },
    })
  const fn = await startFunction()
  const current = { function: fn, gateway: await startGateway(balanced ? undefined : fn.port) }
  functions.lead(current.function.port)
  gateways.lead(current.gateway.port)
  return {
    url: `http://127.0.0.1:${balanced ? gateways.port : current.gateway.port}`,
    current,
    /** Starts another one, leads new connections there, and ends the old one. */
    replaceFunction: async () => {
      const old = current.function
      current.function = await startFunction()
      functions.lead(current.function.port)
      await old.stop()
    },
    replaceGateway: async () => {
      const old = current.gateway
      current.gateway = await startGateway()
      gateways.lead(current.gateway.port)
      await old.stop()
    },
    close: () => opened.disposeAsync(),
  }
}

/** Leads each connection to where it is told at that time. */
async function startBalancer() {
  const sockets = new Set<Socket>()
  let target = 0
  const server = createServer({ allowHalfOpen: true }, (near) => {
    const far = connect({ port: target, host: '127.0.0.1', allowHalfOpen: true })
    for (const [from, to] of [
      [near, far],
      [far, near],
    ] as const) {
      sockets.add(from)
      from.pipe(to)
      from.on('error', () => to.destroy())
      from.on('close', () => {
        sockets.delete(from)
        to.destroy()
      })
    }
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  return {
    port: (server.address() as AddressInfo).port,
    lead: (port: number) => {
      target = port
    },
    close: async () => {
      for (const socket of sockets) socket.destroy()
      server.close()
    },
  }
}
