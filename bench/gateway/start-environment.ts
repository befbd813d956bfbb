import { execFileSync } from 'node:child_process'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startRedis } from '../../src/dev/redis.ts'
import { startDatabase } from '../measure/start-database.ts'
import { startOtlpSink } from '../measure/start-otlp-sink.ts'
import { startUpstream } from './native-proxies.ts'
import { startIssuer } from './our-gateway.ts'

const [GATEWAY_CORE, OTHER_CORE] = [0, 1]

/** Starts what gateways are measured with, on another core than they have: upstream, stores, issuer and collector. */
export async function startEnvironment() {
  // Whatever this process starts is on the other core, too.
  execFileSync('taskset', ['-cp', String(OTHER_CORE), String(process.pid)])
  const folder = await mkdtemp(join(tmpdir(), 'ebb-bench-gateway-'))
  const stack = new AsyncDisposableStack()
  stack.defer(() => rm(folder, { recursive: true }))
  const database = stack.use(await startDatabase())
  const redis = await startRedis(process.env.PATH ?? '')
  if (!redis) throw new Error('there is no redis-server or valkey-server on PATH')
  stack.defer(() => redis.stop())
  const sink = stack.use(await startOtlpSink())
  const issuer = stack.use(await startIssuer())
  const upstream = stack.use(await startUpstream(folder, OTHER_CORE))
  return {
    ...{ folder, core: GATEWAY_CORE, upstreamPort: upstream.port, databaseUrl: database.url, redisUrl: redis.url },
    ...{ issuer: issuer.url, token: issuer.token, otlpUrl: sink.url },
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  }
}
