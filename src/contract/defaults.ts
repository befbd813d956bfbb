// What applies where a contract says nothing.
import { longestToDrainMs, type MayStream } from './streams/longest-ms.ts'

/** How long a function may take for a request by default. */
export const TIMEOUT_MS = 10_000
/** What applies to a WebSocket whose contract does not say so. */
export const UPGRADE = { maxSeconds: 300, idleSeconds: 60, maxMessageBytes: 64 * 1024 } as const
/** The scale of a contract that gives none. */
export const SCALE = { min: 0, max: 10, concurrency: 50 } as const
/** The resources that an instance requests (Kubernetes) by default. */
export const REQUESTS = { cpu: '50m', memory: '96Mi' } as const
/** The resource limits of an instance (Kubernetes) by default. */
export const LIMITS = { memory: '192Mi' } as const
/** How often, and how far apart, an event is delivered to a subscriber that does not say so. */
export const RETRY = { attempts: 10, minDelayMs: 1_000, maxDelayMs: 300_000 } as const
/** The most events that a subscriber may be called with at once. */
export const MAX_BATCH_SIZE = 1_000
/** How long the answer of an authorizer is kept that does not say so. */
export const AUTHORIZER_TTL_SECONDS = 60
/** The same for all endpoints: a contract cannot change it. */
export const MAX_BODY_BYTES = 1024 * 1024
/** How many requests of one gateway an existing service gets at a time by default. */
export const PROXY_CONCURRENCY = 200
/** How long a request with a stream may take in all by default, and at most. */
export const MAX_STREAM_MS = 300_000
export const MAX_STREAM_LIMIT_MS = 3_600_000
/** The most bytes that a contract may let a stream have. */
export const MAX_STREAM_BYTES = 2 ** 40
/** The longest line of a streamed body whose lines have a schema, where the contract does not say. */
export const MAX_ITEM_BYTES = 64 * 1024
/** The most bytes that the files of a form may have together: they are in the function's memory, and an instance has 192 MiB. */
export const MAX_FORM_FILES_BYTES = 32 * 1024 * 1024

/** What an upload may take: the gateway's limit for a whole body. */
const UPLOAD_MS = 30_000
/** What the body of a function's response may take at the relay; well under the 10 s by which a lease outlives a call. */
export const RESPONSE_MS = 5_000

interface Calls {
  readonly startTimeoutMs: number
  /** Of all functions that are called. */
  readonly contracts: readonly MayStream[]
}

/** How long a relay that is shutting down waits for the calls that it has made: for the slowest contract's. */
export const relayDrainMs = (calls: Calls): number => longestCallMs(calls) + RESPONSE_MS

/** How long a gateway that is shutting down waits for the requests that have begun: for the slowest contract's. */
export const gatewayDrainMs = (calls: Calls): number => UPLOAD_MS + longestCallMs(calls)

const longestCallMs = ({ startTimeoutMs, contracts }: Calls) =>
  startTimeoutMs + Math.max(0, ...contracts.map(longestToDrainMs))
