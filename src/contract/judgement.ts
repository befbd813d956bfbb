import * as z from 'zod'

const MAX_NAMES = 100
const TENANT = /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/

/** The schema of an authorizer's answer: the function checks it before it sends it, and the gateway before it believes it. */
export function createJudgementSchema() {
  const names = z.array(z.string().max(200)).max(MAX_NAMES)
  const sub = z
    .string()
    .min(1)
    .max(256)
    .regex(/^\P{Cc}*$/u, 'must hold no control characters')
    .refine((given) => given !== 'anonymous', 'is what callers without credentials are called')
  const caller = z.object({
    sub,
    scopes: names.optional(),
    roles: names.optional(),
    tenant: z.string().regex(TENANT).optional(),
  })
  return z.discriminatedUnion('allow', [
    z.object({ allow: z.literal(true), caller, ttlSeconds: z.number().min(0).optional() }),
    z.object({ allow: z.literal(false) }),
  ])
}
