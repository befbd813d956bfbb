import { createIdentitySigners, generateIdentityKeys, type IdentityKeys } from 'ebb/protocol'
import { type Build, buildOfficial } from './build.ts'
import { startProcess } from './start-process.ts'

/** Which telemetry: OpenTelemetry's own instrumentation, or what the product's build writes, which is plugged in here. */
export type Instrumentation = { readonly how: 'official' } | { readonly how: 'ours'; readonly build: Build }

export type RunOptions = Instrumentation & {
  /** The function, a folder of `root`/functions. */
  readonly name: string
  readonly root?: string
  /** Where it tells of itself. */
  readonly otlpUrl: string
  /** Its stores and secrets, by the names of their settings, and other settings. */
  readonly env: Readonly<Record<string, string>>
  /** The keys of its callers; default: its own. */
  readonly keys?: IdentityKeys
}

export interface Call {
  readonly method: string
  readonly path: string
  readonly headers?: Readonly<Record<string, string>>
  readonly body?: unknown
  /** Who vouches for the caller; the relay does for events. */
  readonly issuer?: 'gateway' | 'relay'
}

const CALLER_IDENTITY = { sub: 'ada', scopes: ['things:read', 'things:write'] }
const RELAY_IDENTITY = { sub: 'relay', scopes: [] }

/** Builds one function and runs it as a process, which ends with this one. */
export async function runFunction({ name, root = 'test/oracle', otlpUrl, env, keys, ...how }: RunOptions) {
  const built = await (how.how === 'official' ? buildOfficial : how.build)(root, name)
  const { gateway, relay, jwks } = keys ?? (await generateIdentityKeys())
  const settings = {
    ...{ PORT: '0', EBB_IDENTITY_JWKS: JSON.stringify(jwks) },
    ...{ OTEL_EXPORTER_OTLP_ENDPOINT: otlpUrl, OTEL_SERVICE_NAME: name },
  }
  const started = startProcess(built.args, { env: { ...settings, ...built.env, ...env }, ready: 'listening' })
  const { ready, logged, stop, kill } = await started.catch(async (error: unknown) => {
    await built.remove?.()
    throw error
  })
  const sign = createIdentitySigners({ gateway, relay })
  const url = `http://127.0.0.1:${ready.port}`

  return {
    ...{ url, logged, stop },
    call: async ({ method, path, headers = {}, body, issuer = 'gateway' }: Call) =>
      fetch(`${url}${path}`, {
        method,
        headers: {
          'ebb-identity': await sign[issuer](issuer === 'relay' ? RELAY_IDENTITY : CALLER_IDENTITY, name),
          ...(body === undefined ? {} : { 'content-type': 'application/json' }),
          ...headers,
        },
        ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      }),
    /** Ends it whatever it does, and deletes what was built for it. */
    kill: async () => {
      await kill()
      await built.remove?.()
    },
  }
}

export type RunningFunction = Awaited<ReturnType<typeof runFunction>>
