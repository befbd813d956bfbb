import { Problem } from '../../contract/index.ts'
import type { Identity } from '../../kernel/index.ts'
import type { Step } from '../exchange.ts'

export type VerifyIdentity = (token: string) => Promise<Identity>

/** Believes only who the gateway or the relay vouches for in `Ebb-Identity`: nobody inside the cluster can pose as them. */
export function identity({ verify }: { verify: VerifyIdentity }): Step {
  return async function identity(request, response, next) {
    const token = request.get('ebb-identity')
    if (!token) throw new Problem('unauthenticated', 401, 'Functions are called through the gateway.')
    response.locals.identity = await verify(token).catch((cause: unknown) => {
      throw new Problem('unauthenticated', 401, 'Ebb-Identity is not valid here.', { cause })
    })
    next()
  }
}
