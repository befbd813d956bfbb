import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import type { AnyContract } from '../../contract/index.ts'
import { generateIdentityKeys, identitySigner } from '../../kernel/index.ts'
import type { FunctionRequest } from '../invoke/to-request.ts'
import { startInMemoryPostgres } from './in-memory-postgres.ts'
import { startInMemoryRedis } from './in-memory-redis.ts'
import { startOtlpSink } from './otlp-sink.ts'
import { placeCaches } from './place-caches.ts'
import { preloadText } from './preload.ts'
import { CALLER, requestRound, signTokens } from './request-round.ts'
import { sampleColumns } from './sample-columns.ts'
import { startImage } from './start-image.ts'

export interface WarmUpOptions {
  /** The binary that will run the function, of the same version as this one: a cache is good for one build only. */
  readonly node?: string
  /** The V8 flags that it will be given, such as `--max-semi-space-size=16`: a cache is good for these only. */
  readonly nodeFlags: readonly string[]
  readonly signal?: AbortSignal
  readonly limitMs?: number
}

const LIMIT_MS = 20_000
const ROUNDS = 3

/**
 * Runs a built function, by its start file, as its image would, sends it requests made from its contract, and writes a V8 code cache beside
 * each part that was used. Nothing is reached but stand-ins of its own. Rejects with one Error, which ends with the function's last words.
 */
export async function warmUp(
  start: string,
  contract: AnyContract,
  { node = process.execPath, nodeFlags, signal, limitMs = LIMIT_MS }: WarmUpOptions,
): Promise<void> {
  const limit = AbortSignal.any([AbortSignal.timeout(limitMs), ...(signal ? [signal] : [])])
  await using workshop = await openWorkshop(contract)
  const args = [...nodeFlags, '--require', workshop.preload, start]
  await using image = startImage(node, { args, env: workshop.env, signal: limit })
  try {
    const port = await image.listening
    for (let round = 0; round < ROUNDS; round++) {
      const tokens = await signTokens(contract, workshop.sign)
      for (const request of requestRound(contract, tokens)) await send(port, request, limit)
    }
    await image.finish()
    await placeCaches(workshop.made, dirname(start))
  } catch (cause) {
    await image[Symbol.asyncDispose]()
    signal?.throwIfAborted()
    const why = limit.aborted ? `it took longer than ${limitMs} ms` : cause instanceof Error ? cause.message : cause
    throw new Error([`${contract.name} could not be warmed up: ${why}`, image.lastWords()].join('\n').trim(), { cause })
  }
}

/** All that a function needs around it, and nothing that lasts. */
async function openWorkshop(contract: AnyContract) {
  await using opened = new AsyncDisposableStack()
  const folder = await mkdtemp(join(tmpdir(), 'ebb-warm-up-'))
  opened.defer(() => rm(folder, { recursive: true, force: true }))
  const preload = join(folder, 'preload.cjs')
  const made = join(folder, 'caches')
  const database = opened.use(await startInMemoryPostgres(sampleColumns(contract, { owner: CALLER })))
  const redis = opened.use(await startInMemoryRedis())
  const sink = opened.use(await startOtlpSink())
  await writeFile(preload, preloadText({ folder: made, ports: [database.port, redis.port, sink.port] }))
  const keys = await generateIdentityKeys()
  const env = {
    ...Object.fromEntries((contract.secrets ?? []).map((name) => [name, `warm-up-${name}`])),
    ...{ NODE_ENV: 'production', PORT: '0', EBB_HOST: '127.0.0.1', LOG_LEVEL: 'info' },
    ...{ DATABASE_URL: database.url, REDIS_URL: redis.url, OTEL_EXPORTER_OTLP_ENDPOINT: sink.url },
    EBB_IDENTITY_JWKS: JSON.stringify(keys.jwks),
    EBB_MAIL_FOLDER: join(folder, 'mail'),
  }
  const sign = { gateway: identitySigner(keys.gateway, 'ebb:gateway'), relay: identitySigner(keys.relay, 'ebb:relay') }
  const kept = opened.move()
  return { preload, made, env, sign, [Symbol.asyncDispose]: () => kept.disposeAsync() }
}

async function send(port: number, { method, target, headers, body }: FunctionRequest, signal: AbortSignal) {
  try {
    const response = await fetch(`http://127.0.0.1:${port}${target}`, {
      ...{ method, headers, signal, redirect: 'manual' },
      ...(body === undefined ? {} : { body }),
    })
    // What it answers is its own affair; all of it has to be made.
    await response.arrayBuffer()
  } catch (cause) {
    throw new Error(`it broke off at ${method} ${target}`, { cause })
  }
}
