/** What endpoints and subscribers say alike about how they run. */
export interface Deployment {
  /** Counted inside the function, from the request's headers to its answer; 10 s unless told. */
  readonly timeoutMs?: number
  /** `max` instances (10) of `concurrency` requests each (50); `min` are kept warm (0). */
  readonly scale?: { readonly min?: number; readonly max?: number; readonly concurrency?: number }
  readonly resources?: { readonly cpu?: string; readonly memory?: string }
  /** The names of the secrets that it may read: UPPER_SNAKE, from the environment or `NAME_FILE`. */
  readonly secrets?: readonly string[]
  /** The hosts that it may call. */
  readonly egress?: readonly string[]
  /** Raised when a change breaks callers. */
  readonly version?: string
  readonly targets?: Readonly<Record<string, unknown>>
}
