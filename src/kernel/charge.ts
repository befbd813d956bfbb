import type { Quota } from '../contract/index.ts'

/** Whose requests are counted, and against what. */
export interface Charge {
  /** Who has the plan: all callers of a tenant together by the tenant's plan, one caller by any other. */
  readonly holder: string
  /** The plan's name. */
  readonly plan: string
  readonly quota?: Quota | undefined
  readonly tenant?: string | undefined
  readonly subject: string
  /** The API key that was used; undefined where it was a token. */
  readonly keyId?: string | undefined
}

/** Who has a plan, as one text. Neither a caller's id nor a tenant's begins with the other's word. */
export const holderOf = (who: { readonly tenant: string } | { readonly callerId: string }): string =>
  'callerId' in who ? `caller ${who.callerId}` : `tenant ${who.tenant}`
