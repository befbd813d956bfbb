import { createHash, randomUUID } from 'node:crypto'
import type { Delegated } from '../kernel/index.ts'
import { callerIdOf, findDelegated } from '../protocol/index.ts'
import type { RequestContext } from './context.ts'

/** What a request lends to its calls: the tokens that came with it, its time, and keys that follow from its own. */
export function createDelegated(
  name: string,
  { deadline, identity, delegation, event }: RequestContext,
): Delegated | undefined {
  if (!delegation) return undefined
  const { tokens, key } = delegation
  const origin = event ? `${event.source} ${event.id}` : (key ?? randomUUID())
  const made = new Map<string, number>()
  return {
    tokenFor: (callee) => findDelegated(tokens, callee),
    leftMs: () => deadline.leftMs(),
    nextKey: (callee, place) => {
      const position = place ?? (made.get(callee) ?? 0) + 1
      if (typeof position === 'number') made.set(callee, position)
      // As a list of JSON, so that no two calls are written alike.
      const call = JSON.stringify([name, callerIdOf(identity), origin, callee, position])
      return createHash('sha256').update(call).digest('base64url')
    },
  }
}
