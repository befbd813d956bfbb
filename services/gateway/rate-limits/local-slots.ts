import { randomUUID } from 'node:crypto'

/** A slot that a request of this gateway holds. */
export interface HeldSlot {
  readonly key: string
  /** Unique among all gateways. */
  readonly name: string
}

/** The slots of this gateway: what its own requests hold, whichever limiter has admitted them. */
export interface LocalSlots {
  /** How many of `max` this gateway may still take by itself, as one of `shares` gateways; at least one in all. */
  readonly room: (slots: { readonly key: string; readonly max: number }) => number
  readonly newSlot: (key: string) => HeldSlot
  readonly hold: (slot: HeldSlot) => void
  /** Returns whether it was held. */
  readonly free: (slot: HeldSlot) => boolean
  /** The names of those that are held, by their key. */
  readonly held: () => ReadonlyMap<string, ReadonlySet<string>>
}

/** Bounded by the requests that are under way. */
export function createLocalSlots({ shares = 1 } = {}): LocalSlots {
  const gateway = randomUUID()
  const byKey = new Map<string, Set<string>>()
  let made = 0
  return {
    room: ({ key, max }) => Math.max(1, Math.floor(max / shares)) - (byKey.get(key)?.size ?? 0),
    newSlot: (key) => ({ key, name: `${gateway}:${++made}` }),
    hold: ({ key, name }) => {
      const names = byKey.get(key)
      if (names) names.add(name)
      else byKey.set(key, new Set([name]))
    },
    free: ({ key, name }) => {
      const names = byKey.get(key)
      const wasHeld = names?.delete(name) ?? false
      if (names?.size === 0) byKey.delete(key)
      return wasHeld
    },
    held: () => byKey,
  }
}
