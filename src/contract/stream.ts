/** A request body that goes to the handler as it arrives, never held in memory. */
export interface Stream {
  readonly kind: 'stream'
  /** The media type, such as `image/png`. */
  readonly type: string
  readonly maxBytes: number
}

/** Declares a streamed request body. */
export const stream = (options: Omit<Stream, 'kind'>): Stream => Object.freeze({ ...options, kind: 'stream' as const })
