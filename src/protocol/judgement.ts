import type { Identity } from './identity/identity.ts'

/** The gateway as it asks an authorizer, on nobody's behalf: it signs this for no other function. */
export const GATEWAY_IDENTITY: Omit<Identity, 'iss'> = Object.freeze({ sub: 'gateway', scopes: Object.freeze([]) })

/** What the gateway asks an authorizer, as JSON: POST / of its function. */
export interface JudgementRequest {
  readonly headers: Readonly<Record<string, string>>
  readonly method: string
  readonly route: string
  readonly path?: string
  readonly query?: string
  /** In base64. */
  readonly body?: string
}
