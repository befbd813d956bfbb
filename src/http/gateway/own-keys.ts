import type { Quota } from '../../contract/index.ts'
import type { Claim } from '../../kernel/index.ts'
import type { OwnKey, OwnUsage } from '../../protocol/own-key-endpoints.ts'
import type { Caller } from './credentials.ts'

/** The keys that callers have made for themselves, or were given, and what they have used. All reject with a Problem: 404 for a key of any other caller. */
export interface OwnKeys {
  /** The newest first; `before` is the id of the last key of the previous page. */
  readonly list: (
    owner: Caller,
    page: { readonly before: string | undefined; readonly limit: number },
  ) => Promise<readonly OwnKey[]>
  readonly create: (
    owner: Caller,
    grant: Pick<OwnKey, 'scopes' | 'roles' | 'plan'> & { readonly name: string; readonly expiresAt: string },
    claim: Claim,
  ) => Promise<ClaimedKey>
  readonly rotate: (
    owner: Caller,
    id: string,
    options: {
      readonly overlapSeconds: number
      readonly expiresAt?: string | undefined
      /** Throws where the owner may not have such a key any more. */
      readonly check: (old: OwnKey) => void
      readonly claim: Claim
    },
  ) => Promise<ClaimedKey>
  readonly revoke: (owner: Caller, id: string) => Promise<void>
  /** What was used by one of the owner's keys. */
  readonly keyUsage: (owner: Caller, id: string, period: Period) => Promise<readonly OwnUsage[]>
  /** What the owner has used, with all keys and logins; and of this quota, by whoever shares it. */
  readonly usage: (
    owner: Caller,
    period: Period,
    quota: (Quota & { readonly holder: string }) | undefined,
  ) => Promise<{ readonly days: readonly OwnUsage[]; readonly used?: number | undefined }>
}

/** Days of UTC, the last one counted in. */
interface Period {
  readonly from: string
  readonly to: string
}

/** A key with its token, made now or by the request that this one repeats; or why there is none. */
export type ClaimedKey =
  | { readonly status: 'new' | 'finished'; readonly key: OwnKey; readonly token: string }
  | { readonly status: 'in-flight' | 'mismatch' }
