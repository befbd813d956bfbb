import type { Dispatcher } from 'undici'
import type { ContractSet } from '../../contract/index.ts'
import type { Claim, Claimed, Identity, Log } from '../../kernel/index.ts'

/** Who calls, as far as the gateway knows. */
export type Caller = Omit<Identity, 'iss'>

/** All that the gateway asks of the world. */
export interface GatewayPorts {
  readonly contracts: () => ContractSet
  /** Whose key it is; undefined where it is good for nothing. Rejects with a Problem while nobody can tell. */
  readonly findKey: (token: string) => Promise<Caller | undefined>
  readonly findAnswer: (claim: Claim) => Promise<Claimed>
  /** The value of `Ebb-Identity` for one function. */
  readonly sign: (caller: Caller, functionName: string) => Promise<string>
  /** False while this process should get no new requests. */
  readonly ready: () => Promise<boolean>
  readonly upstream: Upstream
  readonly metrics: GatewayMetrics
  readonly log: Log
}

/** Where the functions are. */
export interface Upstream {
  readonly dispatcher: Dispatcher
  /** The address of a function: an origin, and a path before its own paths or ''. */
  readonly locate: (functionName: string) => { readonly origin: string; readonly prefix: string }
  /** What a cold start may take on top of a function's own time. */
  readonly startTimeoutMs: number
}

export interface GatewayMetrics {
  /** A request was answered without waking its function. */
  readonly spared: (reason: string) => void
  readonly answered: (request: { route: string; method: string; status: number; seconds: number }) => void
}

/** How long a caller may take. */
export interface GatewayLimits {
  /** For the whole body; 30 s unless told. */
  readonly bodyTimeoutMs: number
  /** To take in an answer that came before the end of the request, until the connection closes; 1 s unless told. */
  readonly lingerMs: number
  /** Without taking in any of an answer; 60 s unless told. */
  readonly stallTimeoutMs: number
}
