import { Problem } from '../../contract/index.ts'
import type { Identity } from '../../kernel/index.ts'
import { headerOf, type Step } from '../exchange.ts'

/** At once where the token is known already. */
export type VerifyIdentity = (token: string) => Identity | Promise<Identity>

/** Believes only who the gateway or the relay vouches for in `Ebb-Identity`: nobody inside the cluster can pose as them. */
export function identity({ verify }: { verify: VerifyIdentity }): Step {
  return function identity(request, response) {
    const token = headerOf(request, 'ebb-identity')
    if (!token) throw new Problem('unauthenticated', 401, 'Functions are called through the gateway.')
    const verified = verify(token)
    if (!(verified instanceof Promise)) {
      response.locals.identity = verified
      return
    }
    return verified.then(
      (identity) => {
        response.locals.identity = identity
      },
      (cause: unknown) => {
        throw new Problem('unauthenticated', 401, 'Ebb-Identity is not valid here.', { cause })
      },
    )
  }
}
