import { STATUS_CODES } from 'node:http'
import type { GatewayMetrics } from 'ebb/http/gateway'
import type { Config } from 'ebb/kernel'
import type { ContractsStatus } from 'ebb/protocol'
import { methodLabel } from 'ebb/telemetry'
import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client'
import { registerServiceMetrics } from '../../src/telemetry/service-metrics.ts'

/** From a response out of a cache to a cold start. */
const SECONDS = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30]

/** From a process that starts to an image that is pulled first. */
const COLD_SECONDS = [0.1, 0.2, 0.3, 0.5, 0.75, 1, 1.5, 2, 3, 5, 10, 30]

/** What is counted of the responses that gateways keep. */
export interface CacheMetrics {
  readonly evicted: () => void
  readonly purged: (kind: string) => void
  readonly redisFailed: () => void
  /** Has what is kept measured whenever somebody asks. */
  readonly observe: (stats: () => { readonly entries: number; readonly bytes: number }) => void
}

interface GatewayRegistry {
  readonly metrics: GatewayMetrics
  readonly cache: CacheMetrics
  /** To be called when a limit is applied without Redis. */
  readonly onFallback: () => void
  readonly registry: Registry
}

/** Adds when the certificate that the gateway uses expires. */
export function observeCertificate(registry: Registry, { expiresAt }: { readonly expiresAt: () => number }): void {
  new Gauge({
    name: 'ebb_tls_certificate_expiry_timestamp_seconds',
    help: 'When the certificate expires with which this gateway speaks https',
    registers: [registry],
    collect() {
      this.set(expiresAt() / 1_000)
    },
  })
}

/** Adds since when the gateway has its contracts, and whether newer ones could not be loaded. */
export function observeContracts(
  registry: Registry,
  status: () => Pick<ContractsStatus, 'loadedAt' | 'failure'>,
): void {
  new Gauge({
    name: 'ebb_contracts_loaded_timestamp_seconds',
    help: 'When the contracts were loaded by which this gateway serves requests',
    registers: [registry],
    collect() {
      this.set(Date.parse(status().loadedAt) / 1_000)
    },
  })
  new Gauge({
    name: 'ebb_contracts_load_failed',
    help: '1 where newer contracts could not be loaded, so that the ones before them stay',
    registers: [registry],
    collect() {
      this.set(status().failure === null ? 0 : 1)
    },
  })
}

/** One of those that HTTP knows, or what the gateway itself uses: a service may send any, by what its callers ask. */
const statusLabel = (status: number): string | number =>
  status === 499 || STATUS_CODES[status] !== undefined ? status : '_OTHER'

/** Creates the gateway's metrics, in a registry of their own. No label has a value that a caller can choose. */
export function createMetrics({ EBB_REVISION: revision }: Pick<Config, 'EBB_REVISION'>): GatewayRegistry {
  const registry = new Registry()
  const registers = [registry]
  collectDefaultMetrics({ register: registry })
  const shortCircuited = new Counter({
    name: 'ebb_wakeups_avoided_total',
    help: 'Requests that the gateway answered without invoking a function',
    labelNames: ['reason'],
    registers,
  })
  const duration = new Histogram({
    name: 'http_server_request_duration_seconds',
    help: 'From the headers of a request to the end of its response',
    labelNames: ['route', 'method', 'status'],
    buckets: SECONDS,
    registers,
  })
  const coldWait = new Histogram({
    name: 'ebb_cold_start_wait_seconds',
    help: 'How long callers waited for the response of a function that had to start for it to begin',
    labelNames: ['function'],
    buckets: COLD_SECONDS,
    registers,
  })
  const fallback = new Counter({
    name: 'ebb_rate_limiter_fallback_total',
    help: 'Requests that this gateway limited by its own share, since Redis is unavailable, slow or not configured',
    registers,
  })
  const shed = new Counter({
    name: 'ebb_shed_total',
    help: 'Work that was refused or dropped, since there was more of it than this gateway has room for',
    labelNames: ['what'],
    registers,
  })
  const judged = new Counter({
    name: 'ebb_authorizer_judgements_total',
    help: 'Requests by what their authorizer said of them: in a call (allowed, refused, failed), or earlier (kept)',
    labelNames: ['authorizer', 'outcome'],
    registers,
  })
  const refused = new Counter({
    name: 'ebb_rate_limited_total',
    help: 'Requests that a limit has refused: of the route (burst), of the plan (rate, concurrency, quota-…), of an address',
    labelNames: ['policy'],
    registers,
  })
  const cached = new Counter({
    name: 'ebb_cache_requests_total',
    help: 'Requests to routes with a cache, by what became of them there: hit, stale, revalidated, miss, coalesced, bypass',
    labelNames: ['route', 'outcome'],
    registers,
  })
  const received = new Counter({
    name: 'ebb_webhooks_received_total',
    help: 'Webhooks by what became of them: stored, unparsed (a dead letter), duplicate, ignored, forged, expired, replayed, unconfigured (no secret)',
    labelNames: ['receiver', 'provider', 'outcome'],
    registers,
  })
  registerServiceMetrics(registers, { revision })
  const metrics: GatewayMetrics = {
    shortCircuited: (reason) => shortCircuited.inc({ reason }),
    shed: (what) => shed.inc({ what }),
    cached: ({ route, outcome }) => cached.inc({ route, outcome }),
    received: (webhook) => received.inc({ ...webhook }),
    judged: ({ authorizer, outcome }) => judged.inc({ authorizer, outcome }),
    refused: (policy) => refused.inc({ policy }),
    completed: ({ route, method, status, seconds, invoked, cold, waitSeconds }) => {
      duration.observe({ route, method: methodLabel(method), status: statusLabel(status) }, seconds)
      if (cold && invoked !== undefined && waitSeconds !== undefined)
        coldWait.observe({ function: invoked }, waitSeconds)
    },
  }
  return { metrics, cache: createCacheMetrics(registry), onFallback: () => fallback.inc(), registry }
}

function createCacheMetrics(registry: Registry): CacheMetrics {
  const registers = [registry]
  const evictions = new Counter({
    name: 'ebb_cache_evictions_total',
    help: 'Responses that this gateway forgot before their time, since there was no room for them',
    registers,
  })
  const purges = new Counter({
    name: 'ebb_cache_purges_total',
    help: 'Purges that this gateway has carried out, by what they name (all: there were too many)',
    labelNames: ['kind'],
    registers,
  })
  const redisFailures = new Counter({
    name: 'ebb_cache_redis_failures_total',
    help: 'Calls that Redis has failed: from then on, until it answers again, this gateway uses its own memory',
    registers,
  })
  return {
    evicted: () => evictions.inc(),
    purged: (kind) => purges.inc({ kind }),
    redisFailed: () => redisFailures.inc(),
    observe: (stats) => {
      new Gauge({
        name: 'ebb_cache_entries',
        help: 'Keys under which this gateway keeps responses in memory',
        registers,
        collect() {
          this.set(stats().entries)
        },
      })
      new Gauge({
        name: 'ebb_cache_bytes',
        help: 'What they take, of EBB_CACHE_BYTES',
        registers,
        collect() {
          this.set(stats().bytes)
        },
      })
    },
  }
}
