import { type ChildProcessByStdio, spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import type { Readable, Writable } from 'node:stream'
import { generateIdentityKeys, identitySigner, inherited } from 'ebb/kernel'
import { type Build, buildOfficial } from './build-official.ts'

/** Which telemetry: OpenTelemetry's own instrumentation, or what the product's build writes, which is plugged in here. */
export type How = { readonly how: 'official' } | { readonly how: 'ours'; readonly build: Build }

export type RunOptions = How & {
  /** The function, a folder of `root`/functions. */
  readonly name: string
  readonly root?: string
  /** Where it tells of itself. */
  readonly otlpUrl: string
  /** Its stores and secrets, by the names of their settings. */
  readonly env: Readonly<Record<string, string>>
}

export interface Call {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** Who vouches for the caller; the relay does for events. */
  readonly issuer?: 'gateway' | 'relay'
}

const CALLER = { sub: 'ada', scopes: ['things:read', 'things:write'] }
const RELAY = { sub: 'relay', scopes: [] }

/** Builds one function and runs it as a process, which ends with this one. */
export async function runFunction({ name, root = 'test/oracle', otlpUrl, env, ...how }: RunOptions) {
  const built = await (how.how === 'official' ? buildOfficial : how.build)(root, name)
  const { privateKey, jwks } = await generateIdentityKeys()
  const child = spawn(process.execPath, [...built.args], {
    env: {
      ...inherited(['PATH', 'HOME', 'TMPDIR']),
      ...{ PORT: '0', EBB_HOST: '127.0.0.1', EBB_PARENT: 'stdin', EBB_IDENTITY_JWKS: JSON.stringify(jwks) },
      ...{ OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl, OTEL_SERVICE_NAME: name },
      ...built.env,
      ...env,
    },
    stdio: ['pipe', 'pipe', 'pipe'],
  })
  const closed = once(child, 'close')
  const end = async (signal: 'SIGTERM' | 'SIGKILL'): Promise<number | null> => {
    if (child.exitCode === null) child.kill(signal)
    await closed
    await built.remove?.()
    return child.exitCode
  }
  const port = await portOf(child).catch(async (fault: unknown) => {
    await end('SIGKILL')
    throw fault
  })
  const sign = { gateway: identitySigner(privateKey, 'ebb:gateway'), relay: identitySigner(privateKey, 'ebb:relay') }

  return {
    call: async ({ method, path, headers = {}, body, issuer = 'gateway' }: Call) =>
      fetch(`http://127.0.0.1:${port}${path}`, {
        method,
        headers: {
          'ebb-identity': await sign[issuer](issuer === 'relay' ? RELAY : CALLER, name),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    /** Ends it as a platform does, so that it tells what was still to be told; answers its exit code. */
    stop: () => end('SIGTERM'),
    /** Ends it whatever it does; good after stop() too. */
    kill: async () => void (await end('SIGKILL')),
  }
}

/** Where it listens; rejects with what it said where it ends before. */
function portOf(child: ChildProcessByStdio<Writable, Readable, Readable>): Promise<number> {
  const said: string[] = []
  return new Promise((resolve, reject) => {
    createInterface({ input: child.stderr }).on('line', (line) => said.push(line))
    createInterface({ input: child.stdout }).on('line', (line) => {
      said.push(line)
      if (line.includes('"msg":"listening"')) resolve(JSON.parse(line).port)
    })
    child.once('close', () => reject(new Error(['it did not start:', ...said].join('\n'))))
    child.once('error', reject)
  })
}
