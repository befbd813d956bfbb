import { hasEnded, type InvocationState } from '../../protocol/index.ts'
import type { Caller } from './credentials.ts'
import type { Invocations } from './dependencies.ts'

interface WaitOptions {
  /** 0: it only looks. */
  readonly waitMs: number
  /** Ends the wait: what is known by then is the result. */
  readonly signals: readonly (AbortSignal | undefined)[]
}

/**
 * Waits until a call has ended, but no longer than this. Resolves to its last state; undefined where this caller has made no
 * such call. Rejects with a Problem while the store is unreachable.
 */
export async function waitForEnd(
  { find, watch }: Pick<Invocations, 'find' | 'watch'>,
  { id, caller }: { readonly id: string; readonly caller: Caller },
  { waitMs, signals }: WaitOptions,
): Promise<InvocationState | undefined> {
  if (waitMs === 0) return find(id, caller)
  const given = signals.filter((signal) => signal !== undefined)
  const over = AbortSignal.any([...given, AbortSignal.timeout(waitMs)])
  // Before it looks: so it misses nothing that happens in between.
  const watcher = watch(id)
  try {
    for (;;) {
      const found = await find(id, caller)
      if (!found || hasEnded(found) || over.aborted) return found
      await watcher.changed(versionOf(found), over)
    }
  } finally {
    watcher.close()
  }
}

/** Different where a call has changed. */
export const versionOf = ({ attempts, state }: Pick<InvocationState, 'attempts' | 'state'>): string =>
  `${attempts}${state}`
