import type { Route } from '../../contract/index.ts'
import { breaks, type Change } from './finding.ts'

/** Who could call before and cannot any more. */
export function accessChanges(before: Route, after: Route): readonly Change[] {
  if (after.anonymous) return []
  if (before.anonymous)
    return [breaks('callers', 'callers without a key are refused now'), ...scopeChanges(ANYBODY, after)]
  return scopeChanges(before, after)
}

type Who = Pick<Route, 'scopes' | 'owner'>

const ANYBODY: Who = { scopes: [], owner: false }

function scopeChanges(before: Who, after: Who): readonly Change[] {
  const everybody = (who: Who) => who.scopes.length === 0 && !who.owner
  if (everybody(after)) return []
  // Without scopes an owner's route is for the owner alone.
  const byScope = everybody(before) || before.scopes.length > 0
  const missing = after.scopes.filter((scope) => !before.scopes.includes(scope))
  const changes: Change[] = []
  if (byScope && after.scopes.length === 0) changes.push(breaks('callers', 'only the owner may call now'))
  if (byScope && missing.length > 0)
    changes.push(breaks('callers', `the scope ${missing.join(' and ')} is required now`))
  if (before.owner && !after.owner)
    changes.push(breaks('callers', 'the owner may not call without the scopes any more'))
  return changes
}
