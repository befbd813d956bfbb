import { createServer, IncomingMessage, ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { openIssuers } from 'ebb/http/issuers'
import { pollInvocations } from 'ebb/http/lambda'
import type { Express } from 'express'
import { describeDeployment, describeEndpoint, longestMs, longestToDrainMs } from '../contract/index.ts'
import {
  type Config,
  ConfigError,
  createInstanceAccount,
  createLog,
  drain,
  exit,
  type Log,
  logReady,
  onShutdown,
  processConfig,
  readSecrets,
  startInfo,
} from '../kernel/index.ts'
import { openIdentityVerifier } from '../protocol/index.ts'
import { startTelemetry } from '../telemetry/index.ts'
import { acceptUpgrades } from './accept-upgrades.ts'
import { createApp } from './app.ts'
import { createRequestContext } from './context.ts'
import { MAX_FUNCTION_HEADER_BYTES } from './header-limits.ts'
import type { Contract, Implementation, Uses } from './implement.ts'
import { createInFlight, isolateErrors } from './isolate-errors.ts'
import { asksForInvocations } from './lambda/web-adapter.ts'
import type { VerifyIdentity } from './middleware/identity.ts'
import { recordUse } from './record-use.ts'
import { openResources } from './resources.ts'
import { createVouching } from './vouch.ts'
import { createConnections } from './websocket/converse.ts'

/** Longer than queue-proxy's 90 s: the client must be the first to close an idle connection. */
const KEEP_ALIVE_MS = 95_000
const HEADERS_TIMEOUT_MS = 100_000
/** For the last spans and metrics: a collector takes milliseconds, and one that cannot be reached must not delay the exit. */
const FLUSH_TIMEOUT_MS = 2_000

/**
 * Runs one function as a process: listens on PORT and drains on SIGTERM. What keeps it from starting, such as a missing
 * setting, is one line of its log, and ends it with status 1.
 * @example serve(implement(contract, {}, async ({ params }) => ({ id: params.id, quantity: 1 })))
 * @see docs/concepts.md
 */
export function serve<C extends Contract, U extends Uses>(fn: Implementation<C, U>): void {
  const name = fn.contract.name
  const fallback = createLog({ function: name })
  try {
    const config = processConfig()
    const log = createLog({ level: config.LOG_LEVEL, function: name, revision: config.EBB_REVISION })
    // createApp calls every handler with what its own contract describes.
    start(fn as unknown as Implementation, config, log)
  } catch (error) {
    // A lazy part has a class of its own.
    const expected = error instanceof ConfigError || Object(error).name === 'ConfigError'
    fallback.fatal(expected ? {} : { err: error }, expected ? Object(error).message : 'the function does not start')
    exit(1)
  }
}

function start(fn: Implementation, config: Config, log: Log) {
  const { name, secrets = [] } = fn.contract
  const telemetry = startTelemetry(config, { name, log })
  const identify = identifierOf(fn.contract, config, log)
  const { verify, vouch } = createVouching(identify ? NOBODY : openIdentityVerifier(config, name, log))
  const resources = openResources(fn.uses, config, log, fn.contract)
  const account = createInstanceAccount()
  const inFlight = createInFlight(account)
  const use = recordUse(fn.contract, account, { resources, config, log })
  const connections = createConnections()
  const drainer = new AbortController()
  const app = createApp(fn, {
    ...{ resources, verify, identify, log, secrets: readSecrets(secrets, log), revision: config.EBB_REVISION },
    showErrors: config.EBB_SHOW_FAULTS === 'true',
    draining: drainer.signal,
    ...{
      inFlight,
      connections,
      scrape: telemetry.scrape,
      isDraining: () => drainer.signal.aborted,
      maxConcurrency: config.EBB_MAX_CONCURRENCY,
      profiles: config.EBB_PROFILES === 'true',
    },
  })
  const { uploadMs, drainMs } = limitsOf(fn.contract)
  const limits = {
    ...{ keepAliveTimeout: KEEP_ALIVE_MS, headersTimeout: HEADERS_TIMEOUT_MS, requestTimeout: uploadMs },
    maxHeaderSize: MAX_FUNCTION_HEADER_BYTES,
  }
  // A request without a body ends with its headers and needs no stream: takeBody does not read it.
  const prototypes = withAppPrototypes(app)
  const server = createServer({ ...limits, optimizeEmptyRequests: true, ...prototypes }, app)
  const upgrades = fn.contract.kind === 'endpoint' && fn.contract.upgrade !== undefined
  if (upgrades) acceptUpgrades(server, prototypes.ServerResponse)
  telemetry.loaded()
  server.on('error', (error) => {
    log.fatal({ err: error }, `the function cannot listen on port ${config.PORT}`)
    exit(1)
  })
  server.listen(config.PORT, config.EBB_HOST, () => {
    telemetry.ready()
    account.ready()
    // A server that listens on a port has an address.
    const { port } = server.address() as AddressInfo
    logReady({ function: name, revision: config.EBB_REVISION }, { port }, 'listening')
    reportIgnoredCaches(log)
    if (asksForInvocations(config)) takeInvocations(config, { contract: fn.contract, port, vouch, log })
  })
  const stop = async () => {
    reportIgnoredCaches(log)
    drainer.abort()
    const graceMs = config.EBB_DRAIN_MS
    // On a laptop, where nothing sends requests elsewhere meanwhile, nobody waits for the end of a WebSocket.
    const closing = setTimeout(connections.close, upgrades && graceMs > 0 ? graceMs + drainMs : 0)
    await drain(server, { graceMs, timeoutMs: drainMs + 2_000 })
    clearTimeout(closing)
    await telemetry.shutdown({ limitMs: FLUSH_TIMEOUT_MS })
    // As late as can be: what the process lives on after it is in no account.
    await use.close()
    await resources.close()
  }
  isolateErrors(inFlight, { log, shutDown: onShutdown(stop, { log, parent: config.EBB_PARENT }) })
}

/** A public endpoint says itself who calls where no gateway is in front of it, and so no key of one is known. */
const identifierOf = (contract: Contract, { EBB_ISSUERS: issuers, EBB_IDENTITY_JWKS: keys }: Config, log: Log) =>
  issuers && !keys && contract.kind === 'endpoint' && !contract.access.internal
    ? openIssuers(contract, issuers, log)
    : undefined

const NOBODY: VerifyIdentity = () => {
  throw new Error('nobody vouches for callers here')
}

interface InvocationOptions {
  readonly contract: Contract
  readonly port: number
  readonly vouch: (tenant: string | undefined) => string
  readonly log: Log
}

/** Takes the place of a platform that sends requests: on AWS Lambda a function asks for them. */
function takeInvocations(config: Config, { contract, port, vouch, log }: InvocationOptions): void {
  const { AWS_LAMBDA_RUNTIME_API: api = '', EBB_LAMBDA_EVENTS: takesEvents } = config
  const streams = contract.kind === 'endpoint' && describeEndpoint(contract).replyStream !== undefined
  const events =
    contract.kind === 'subscriber' && takesEvents === 'true'
      ? { batchSize: contract.batch?.size, vouch, log }
      : undefined
  pollInvocations({ api, port, streams, events }).catch((error: unknown) => {
    log.fatal({ err: error }, 'the runtime interface of AWS Lambda cannot be reached')
    exit(1)
  })
}

/** How long a whole request may take to arrive, and how long requests are waited for at the end of the process. */
function limitsOf(contract: Contract) {
  if (contract.kind !== 'endpoint')
    return { uploadMs: HEADERS_TIMEOUT_MS, drainMs: describeDeployment(contract).timeoutMs }
  const route = describeEndpoint(contract)
  return { uploadMs: Math.max(HEADERS_TIMEOUT_MS, longestMs(route)), drainMs: longestToDrainMs(route) }
}

/**
 * Classes whose requests and responses have the app's prototypes, and `locals`, from the start. Express would set these on
 * each, and a prototype that changes later makes V8 drop what it has optimised for their shapes.
 */
function withAppPrototypes(app: Express) {
  class Request extends IncomingMessage {}
  class Response<R extends IncomingMessage> extends ServerResponse<R> {
    locals = createRequestContext()
  }
  app.request = Object.setPrototypeOf(Request.prototype, app.request)
  app.response = Object.setPrototypeOf(Response.prototype, app.response)
  return { IncomingMessage: Request, ServerResponse: Response }
}

const reportedCaches = new Set<string>()

/** Logs once for each loaded part that its code cache did not fit, so that it started as without one. */
function reportIgnoredCaches(log: Log) {
  for (const part of startInfo()?.ignored ?? []) {
    if (!reportedCaches.has(part)) log.warn({ part }, 'a code cache that does not fit is ignored')
    reportedCaches.add(part)
  }
}
