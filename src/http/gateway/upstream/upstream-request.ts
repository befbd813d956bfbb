import type { Socket } from 'node:net'
import type { Readable } from 'node:stream'
import type { Dispatcher } from 'undici'
import type { ContractSet, Problem, Route } from '../../../contract/index.ts'
import type { Correlation } from '../../../kernel/index.ts'
import { canaryNameOf, type Variant } from '../../../protocol/index.ts'
import type { ClientInfo } from '../client-info.ts'
import type { Caller } from '../credentials.ts'

/** What is asked of an upstream: for the caller of a request, or in the background. */
export interface UpstreamRequest extends Correlation, UpstreamObservation {
  readonly route: Route
  /** By which its response is compared with what is promised, while a canary runs. */
  readonly contracts?: ContractSet | undefined
  /** Which revision of the function it is for; undefined where no canary of it runs. */
  variant?: Variant | undefined
  /** By whose hash it was chosen; undefined where it was asked for. */
  readonly variantKey?: string | undefined
  /** Whether it is a copy of what a caller asks for, whose answer nobody gets. */
  readonly isCopy?: boolean | undefined
  /** Whether its function calls no other for it, whatever its contract says. */
  readonly callsNobody?: boolean | undefined
  readonly method: string
  /** As sent, still encoded. */
  readonly path: string
  /** With its question mark, as sent; '' where there is none. */
  readonly query: string
  /** Names in lower case; only those that may be forwarded. */
  readonly headers: Readonly<Record<string, string[]>>
  /** What its response must not miss of the database; default: nothing. */
  readonly position?: string | undefined
  readonly body: Uint8Array
  /** The body as it arrives, in place of `body`. What has been read of it cannot be sent again. */
  readonly bodyStream?: Readable | undefined
  readonly caller: Caller
  readonly client: ClientInfo
  /** In which the gateway received it; default: 1.1. */
  readonly httpVersion?: string
  /** Its reason is a Problem. */
  readonly signal: AbortSignal
  /** When the whole request had arrived: its timeout runs from here. */
  readonly bodyReceivedAt: number
}

/** What is called: the function, or the canary of it, which has an address, connections and a circuit breaker of its own. */
export const calledNameOf = ({ route, variant }: Pick<UpstreamRequest, 'route' | 'variant'>): string =>
  variant === 'canary' ? canaryNameOf(route.name) : route.name

/** What became of the call so far. */
export interface UpstreamObservation {
  /** Whether the upstream was called, whatever the outcome. */
  invoked: boolean
  /** The status of its response. */
  upstreamStatus: number | undefined
  /** When its response began. */
  respondedAt: number | undefined
  /** Whether the function had to start first, and which revision it runs; undefined where no function responded. */
  cold: boolean | undefined
  revision: string | undefined
  /** Why it was not called. */
  shortCircuitReason?: string | undefined
}

/** As they came: names in lower case. */
export type ResponseHeaders = Parameters<NonNullable<Dispatcher.DispatchHandler['onResponseStart']>>[2]

/** Where a response goes, as it comes: `start`, then any number of `write`, then `end` or `fail`. */
export interface ResponseSink {
  readonly start: (status: number, headers: ResponseHeaders) => void
  /** Returns false where no more is to be written until `onDrain` is called. */
  readonly write: (chunk: Uint8Array) => boolean
  readonly end: (trailers?: ResponseHeaders) => void
  /** The response broke off after it had begun. */
  readonly fail: (error: Error) => void
  /** The upstream speaks WebSocket from here on: resolves when that has ended. Undefined where nobody asks for it. */
  readonly switchProtocols?: ((headers: ResponseHeaders, upstream: Socket) => Promise<void>) | undefined
  /** Set by whoever writes. */
  onDrain: (() => void) | undefined
}

/** Sends a request, and its response to `sink`. Resolves when that has ended; to a Problem where it has not begun. */
export type CallUpstream = (request: UpstreamRequest, sink: ResponseSink) => Promise<Problem | undefined>
