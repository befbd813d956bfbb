import type { Log } from 'ebb/kernel'
import { CANARIES_CHANNEL } from '../../src/data/canaries/canary-store.ts'
import { KEYS_CHANNEL } from '../../src/data/keys/api-keys.ts'
import { OUTBOX_CHANNEL, PURGES_CHANNEL } from '../../src/data/outbox.ts'
import type { DatabaseAddress } from '../../src/data/postgres/database-address.ts'
import { openListener } from '../../src/data/postgres/listener.ts'
import { INVOCATIONS_CHANNEL } from '../../src/data/queue/notify-invocations.ts'
import { PLANS_CHANNEL } from '../../src/data/tenant-plans.ts'
import { CONTROLS_CHANNEL, type Controls } from './controls.ts'
import { ISSUERS_CHANNEL } from './tokens/open-tokens.ts'

interface Followers {
  /** Called where keys, plans, issuers, purges or canaries may have changed. */
  readonly keys: () => void
  readonly plans: () => void
  readonly issuers: () => void
  readonly purges: () => void
  readonly canaries: () => void
  /** Called where purges may have been missed. */
  readonly missedPurges: () => void
  readonly controls: Pick<Controls, 'receive'>
  /** Called where events may have been committed. */
  readonly events: { readonly wake: () => void }
  /** Asynchronous calls that have changed, and where that may have been missed. */
  readonly invocations: { readonly notified: (ids: string) => void; readonly recheck: () => void }
}

/** Follows what other gateways, functions and operators change, by Postgres's notifications. */
export function followChanges(
  database: DatabaseAddress,
  { keys, plans, issuers, purges, canaries, missedPurges, controls, events, invocations }: Followers,
  { log }: { readonly log: Log },
) {
  const renew: Readonly<Record<string, () => void>> = {
    [KEYS_CHANNEL]: keys,
    [PLANS_CHANNEL]: plans,
    [ISSUERS_CHANNEL]: issuers,
    [PURGES_CHANNEL]: purges,
    [CANARIES_CHANNEL]: canaries,
  }
  const receive: Readonly<Record<string, (payload: string) => void>> = {
    [CONTROLS_CHANNEL]: controls.receive,
    [INVOCATIONS_CHANNEL]: invocations.notified,
    [OUTBOX_CHANNEL]: (what) => what === 'events' && events.wake(),
  }
  let wasDown = false
  return openListener(database, [...Object.keys(renew), ...Object.keys(receive)], {
    onNotify: (name, payload) => (receive[name] ?? renew[name])?.(payload),
    // What was sent while nobody listened is lost.
    onUp: () => {
      for (const each of Object.values(renew)) each()
      invocations.recheck()
      events.wake()
      if (wasDown) missedPurges()
    },
    onDown: () => {
      wasDown = true
    },
    log,
  })
}
