import { Problem } from '../../contract/index.ts'
import { type Identity, refusalHeaders } from '../../kernel/index.ts'
import { headerOf, type Step } from '../exchange.ts'

/** At once where the token is known already. */
export type VerifyIdentity = (token: string) => Identity | Promise<Identity>

/** Believes only who the gateway or the relay vouches for in `Ebb-Identity`: nobody inside the cluster can pose as them. */
export function identity({ verify }: { verify: VerifyIdentity }): Step {
  return function identity(request, response) {
    const token = headerOf(request, 'ebb-identity')
    if (!token) throw refused('Functions are called through the gateway.')
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
        throw refused('Ebb-Identity is not valid here.', cause)
      },
    )
  }
}

/** A verdict on whoever signed, which gateway and relay tell from one on the caller by its headers. */
function refused(message: string, cause?: unknown) {
  // The library's errors all have a code.
  const { code } = Object(cause) as { readonly code?: string }
  return new Problem('unauthenticated', 401, message, { cause, headers: refusalHeaders(code) })
}
