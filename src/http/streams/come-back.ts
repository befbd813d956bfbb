const MIN_RETRY_MS = 500
const MAX_RETRY_MS = 2_500

/** The end of a stream of events that tells clients to come back, each after another time: not all at once. */
export const comeBack = (): string =>
  `retry: ${Math.round(MIN_RETRY_MS + Math.random() * (MAX_RETRY_MS - MIN_RETRY_MS))}\n\n`
