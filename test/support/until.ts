import { setTimeout as delay } from 'node:timers/promises'

/** Waits until a condition holds; throws where it does not within the limit, which is there to end what hangs. */
export async function untilTrue(
  condition: () => boolean | Promise<boolean>,
  { limitMs = 60_000, what = 'the condition' } = {},
) {
  const giveUpAt = Date.now() + limitMs
  while (!(await condition())) {
    if (Date.now() > giveUpAt) throw new Error(`${what} did not hold within ${limitMs} ms`)
    await delay(20)
  }
}
