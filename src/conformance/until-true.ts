import { setTimeout as delay } from 'node:timers/promises'

const PAUSE_MS = 50

/** Waits until a condition holds; throws where it does not within the limit. */
export async function untilTrue(
  condition: () => boolean | Promise<boolean>,
  { limitMs, what }: { readonly limitMs: number; readonly what: string },
): Promise<void> {
  const giveUpAt = Date.now() + limitMs
  while (!(await condition())) {
    if (Date.now() > giveUpAt) throw new Error(`${what} did not hold within ${limitMs} ms`)
    await delay(PAUSE_MS)
  }
}
