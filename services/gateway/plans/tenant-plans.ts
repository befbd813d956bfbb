import { Problem } from 'ebb/contract'
import type { Plans } from 'ebb/http/gateway'
import { createBoundedMap } from 'ebb/kernel'

const KNOWN_MS = 30_000
const MAX_TENANTS = 10_000

interface Known {
  readonly plan: string | undefined
  readonly until: number
}

/**
 * Caches the plans of tenants, for 30 s at most; `clear` expires all at once. Concurrent requests of a tenant share one
 * lookup. While lookups fail, what was known goes on, and any other tenant gets a Problem 503.
 */
export function createTenantPlans(
  find: (tenant: string) => Promise<string | undefined>,
  { now = Date.now }: { readonly now?: () => number } = {},
): { readonly ofTenant: Plans['ofTenant']; readonly clear: () => void } {
  const known = createBoundedMap<string, Known>(MAX_TENANTS)
  const running = new Map<string, Promise<string | undefined>>()
  let generation = 0

  async function lookUp(tenant: string): Promise<string | undefined> {
    const startedIn = generation
    try {
      const plan = await find(tenant)
      // What was looked up before `clear` may be outdated.
      if (startedIn === generation) known.set(tenant, { plan, until: now() + KNOWN_MS })
      return plan
    } catch (cause) {
      const last = known.get(tenant)
      if (last) return last.plan
      if (cause instanceof Problem) throw cause
      const message = 'Your plan cannot be looked up; retry later.'
      throw new Problem('unavailable', 503, message, { cause, retryAfterSeconds: 2 })
    }
  }

  return {
    ofTenant: (tenant) => {
      const cached = known.get(tenant)
      if (cached && cached.until > now()) return cached.plan
      const other = running.get(tenant)
      if (other) return other
      const started = lookUp(tenant).finally(() => {
        if (running.get(tenant) === started) running.delete(tenant)
      })
      running.set(tenant, started)
      return started
    },
    clear: () => {
      generation++
      // Which plans tenants had stays known, for as long as the database is away.
      for (const [tenant, cached] of known) known.set(tenant, { ...cached, until: 0 })
      running.clear()
    },
  }
}
