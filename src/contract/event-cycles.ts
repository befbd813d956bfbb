import type { Subscription } from './describe.ts'

/**
 * The ways in which events may lead back to themselves, such as `order.placed -> confirm-order -> order.placed`: one for each
 * step that leads back.
 * A handler may well end such a chain; the contracts cannot say so.
 */
export function eventCycles(subscriptions: readonly Pick<Subscription, 'name' | 'on' | 'emits'>[]): readonly string[] {
  const done = new Set<string>()
  const cycles: string[] = []
  const follow = (type: string, way: readonly string[]) => {
    const start = way.indexOf(type)
    if (start >= 0) cycles.push([...way.slice(start), type].join(' -> '))
    if (start >= 0 || done.has(type)) return
    for (const { name, emits } of subscriptions.filter(({ on }) => on === type)) {
      for (const next of emits) follow(next, [...way, type, name])
    }
    done.add(type)
  }
  for (const { on } of subscriptions) follow(on, [])
  return cycles
}
