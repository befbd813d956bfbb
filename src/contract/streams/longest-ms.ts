import { EVENT_STREAM } from './reply-stream.ts'

/** A body that is passed on as it arrives. */
export interface BodyStream {
  /** The media types that it may have; `image/*` is all of a kind. */
  readonly types: readonly string[]
  readonly maxBytes: number
  /** The longest that the request may take. */
  readonly maxMs: number
  /** Whether the function reads it as a form. */
  readonly form?: true
  /** The longest of its lines, each of which has a schema; undefined where it is bytes. */
  readonly maxItemBytes?: number
}

/** A reply that is sent as it is made. */
export interface DescribedReplyStream {
  readonly type: string
  /** The longest that the request may take. */
  readonly maxMs: number
}

/** What says of a route how long its requests may take. */
export interface MayStream {
  readonly timeoutMs: number
  readonly bodyStream?: BodyStream | undefined
  readonly replyStream?: DescribedReplyStream | undefined
}

/** The longest that a request may take: with a stream that is not its timeout. */
export const longestMs = ({ timeoutMs, bodyStream, replyStream }: MayStream): number =>
  Math.max(timeoutMs, bodyStream?.maxMs ?? 0, replyStream?.maxMs ?? 0)

/** How long a process that ends waits for a request: events it ends by itself, since their readers come back. */
export const longestToDrainMs = ({ timeoutMs, bodyStream, replyStream }: MayStream): number =>
  longestMs({ timeoutMs, bodyStream, replyStream: isEventStream({ replyStream }) ? undefined : replyStream })

/** Whether the reply of a route is a stream of events. */
export const isEventStream = ({ replyStream }: { readonly replyStream?: DescribedReplyStream | undefined }): boolean =>
  replyStream?.type === EVENT_STREAM
