import { type Explanation, type GatewayContext, isRouted } from '../context.ts'
import type { ResponseCache } from '../dependencies.ts'
import { ageOf } from './freshness.ts'
import { askedBy, findStored, keyOf } from './lookup.ts'
import { decideUse } from './reuse.ts'
import { cacheRulesOf } from './rules.ts'

/** What is stored for a request, and what would be done with it. */
export async function explainCache(
  context: GatewayContext,
  { store, now = Date.now, reloadScope }: Pick<ResponseCache, 'store' | 'now' | 'reloadScope'>,
): Promise<Explanation> {
  if (!isRouted(context)) return { why: 'It has no route.' }
  const { method } = context
  if (method !== 'GET' && method !== 'HEAD')
    return { why: `What is stored of its address would be removed once a ${method} succeeds.` }
  const rules = cacheRulesOf(context.route)
  if (!rules) return { why: 'Nothing of this route is stored.' }
  const key = keyOf(context, rules)
  const variants = await store.get(key)
  const stored = findStored(context, variants, now())
  const whose = rules.shared ? 'all callers' : 'this caller'
  if (!stored)
    return { why: `Nothing is stored for ${whose} under this address.`, facts: { key, variants: variants.length } }
  const ageSeconds = Math.round(ageOf(stored, now()))
  const facts = { key, ageSeconds, freshSeconds: stored.freshSeconds, tags: stored.tags }
  const use = decideUse(stored, askedBy(context, reloadScope), now())
  if (use === 'validate')
    return { why: `What is stored is ${ageSeconds} s old, and would be validated or replaced.`, facts }
  const renewed = use === 'while_revalidating' ? ', and renewed meanwhile' : ''
  const outcome = { status: stored.status, headers: {}, body: '' }
  return { outcome, why: `What is stored for ${whose} would be sent: it is ${ageSeconds} s old${renewed}.`, facts }
}
