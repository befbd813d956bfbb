/** Who sent a request, as a team would ask them to send another one: by key or application, and not by person. */
export interface UsageCaller {
  readonly kind: 'key' | 'client' | 'authorizer' | 'anonymous'
  /** The subject of a key, the application of a token (its issuer, where it names none), the authorizer, or `anonymous`. */
  readonly caller: string
  readonly keyId: string | undefined
  readonly tenant: string | undefined
  readonly plan: string | undefined
}

/** One request that fits its contract. */
export interface UsedContract {
  readonly endpoint: string
  readonly version: string
  /** The optional fields that it has, by the names of the contract. */
  readonly fields: readonly string[]
  readonly caller: UsageCaller
}

/** Counts a request; never throws, and never waits. */
export type CountUsage = (used: UsedContract) => void
