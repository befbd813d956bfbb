import { setTimeout as delay } from 'node:timers/promises'

/** Waits until a condition holds; throws where it does not within the limit. */
export async function untilTrue(
  condition: () => boolean | Promise<boolean>,
  { limitMs = 15_000, what = 'the condition' } = {},
) {
  const giveUpAt = Date.now() + limitMs
  while (!(await condition())) {
    if (Date.now() > giveUpAt) throw new Error(`${what} did not hold within ${limitMs} ms`)
    await delay(20)
  }
}
