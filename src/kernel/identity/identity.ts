/** Who calls, as the gateway or the relay vouches for it in `Ebb-Identity`. */
export interface Identity {
  readonly sub: string
  readonly scopes: readonly string[]
  readonly tenant?: string
  /** Who acts for `sub`, where that is somebody else. */
  readonly act?: string
  readonly iss: Issuer
}

export const ISSUERS = ['ebb:gateway', 'ebb:relay'] as const
export type Issuer = (typeof ISSUERS)[number]
