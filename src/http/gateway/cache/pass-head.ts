import type { Outcome, Step } from '../context.ts'
import type { Forwarded } from './cache-status.ts'
import type { FetchOptions, Wanted } from './fetch.ts'
import { fieldOf } from './fields.ts'
import type { RoutedContext } from './lookup.ts'
import { passOn } from './pass-on.ts'
import { update } from './stored-response.ts'
import { isAbout } from './validators.ts'

interface PassHeadOptions extends Pick<FetchOptions, 'store' | 'now'> {
  readonly next: Step
  readonly forwarded: Forwarded
}

/**
 * Passes a HEAD on. Its answer renews what is stored for a GET where it is about the same bytes; where it is not, those are of
 * no use any more (RFC 9111, 4.3.5).
 */
export function passHead(
  context: RoutedContext,
  { key, stored, selecting, rules }: Wanted,
  { store, now, next, forwarded }: PassHeadOptions,
): Outcome | undefined | Promise<Outcome | undefined> {
  const [requestedAt, since] = [now(), store.generation()]
  context.sink = passOn(context, {
    ...{ sink: context.sink, status: { forwarded } },
    onStart: (status, fields) => {
      if (!stored || status >= 500 || status === 304) return
      const length = fieldOf(fields, 'content-length')
      const same = isAbout(fields, stored) && (length === undefined || length === String(stored.body.length))
      if (status !== stored.status || !same) return void store.remove(key, stored.variant)
      if (rules.lifetime) return
      const exchange = {
        selecting,
        requestedAt,
        respondedAt: now(),
        fields,
        lifetime: undefined,
        service: rules.service,
        vary: rules.vary,
      }
      void store.put(key, update(stored, exchange), since)
    },
  })
  return next(context)
}
