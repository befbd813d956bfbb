/** What a request lends to the calls of other functions that it makes, each as its contract declares. */
export interface Delegated {
  /** The identity to call this function with: that of the request's caller. Undefined where none came. */
  tokenFor(name: string): string | undefined
  /** What is left of the request's time, in milliseconds. */
  leftMs(): number
  /**
   * The Idempotency-Key of the next call of this function: the same for the same call of the same request, where that is sent
   * again under its own key, or the same event. Calls are told apart by their order, or by a `place` of their own.
   */
  nextKey(name: string, place?: string): string
}
