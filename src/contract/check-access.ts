import { checkKeys, type Refuse } from './check-common.ts'
import type { EndpointShape } from './endpoint-shape.ts'

const KEYS = ['scopes', 'owner', 'policy', 'anonymous', 'dpop', 'authorizer', 'internal']
/** What a scope looks like: orders:write. */
export const SCOPE = /^[a-z][a-z0-9-]*:[a-z][a-z0-9-]*$/

/** Refuses an `access` that contradicts itself, or does not say whose a single thing is. */
export function checkAccess({ access, path, tenancy, idempotent, async }: EndpointShape, refuse: Refuse) {
  refuse(access === undefined, 'say in `access` who may call; {} is any authenticated caller')
  checkKeys(access, KEYS, refuse)
  const { scopes = [], owner, policy, anonymous, dpop, authorizer, internal } = access
  for (const scope of scopes) refuse(!SCOPE.test(scope), `scope "${scope}" must look like orders:write`)
  refuse(
    !!anonymous && (scopes.length > 0 || !!owner),
    '`anonymous` lets anyone in, so `scopes` and `owner` have no effect; keep one',
  )
  refuse(!!anonymous && !!dpop, '`dpop` asks for a token, and `anonymous` for none; keep one of them')
  refuse(
    authorizer !== undefined && !(typeof authorizer === 'string' && authorizer !== ''),
    '`access.authorizer` must be the name of an authorizer() of this project',
  )
  refuse(!!anonymous && !!authorizer, '`anonymous` lets anyone in, so that `authorizer` is never asked; keep one')
  refuse(
    !!dpop && !!authorizer,
    '`dpop` asks for a token, in whose place `authorizer` says who calls; keep one of them',
  )
  refuse(
    !!anonymous && !!policy,
    'a policy decides by who calls, and `anonymous` callers are nobody; keep one of `anonymous` and `policy`',
  )
  refuse(
    !!owner && !!policy,
    '`owner` lets the owner in without the scopes, while `policy` is asked besides them; let the policy say what an owner may',
  )
  refuse(
    !!anonymous && !!idempotent,
    'anonymous callers are all one, so their idempotency keys would collide; drop one of them',
  )
  refuse(
    !!anonymous && !!async,
    'an asynchronous call has no caller who may ask for its outcome; drop `anonymous` or `async`',
  )
  const decided = scopes.length > 0 || owner || policy || anonymous || authorizer || internal || tenancy
  refuse(
    path.includes('{') && !decided,
    "the path names one thing among many: say in `access` whether `owner`, `scopes`, `policy` or `anonymous` may see it, or that it is a tenant's by `tenancy`",
  )
}

/** Refuses a `tenancy` of callers who have none. */
export function checkTenancy({ tenancy, access }: EndpointShape, refuse: Refuse) {
  refuse(
    tenancy !== undefined && tenancy !== true,
    '`tenancy` can only be true; leave it out where any caller may call',
  )
  refuse(!!tenancy && !!access.anonymous, 'anonymous callers have no tenant; drop `tenancy` or `anonymous`')
}
