import { setTimeout as delay } from 'node:timers/promises'

/**
 * Waits until a condition holds; throws where it does not within the limit, which is there to end what hangs. One that takes long
 * to find out, such as what a command prints, is looked at less often: what it waits for needs the processor, too.
 */
export async function untilTrue(
  condition: () => boolean | Promise<boolean>,
  { limitMs = 60_000, what = 'the condition' } = {},
) {
  const giveUpAt = Date.now() + limitMs
  for (;;) {
    const askedAt = Date.now()
    if (await condition()) return
    if (Date.now() > giveUpAt) throw new Error(`${what} did not hold within ${limitMs} ms`)
    await delay(Math.min(20 + 2 * (Date.now() - askedAt), 500))
  }
}
