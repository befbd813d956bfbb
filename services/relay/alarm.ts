/** A sleep that can be ended early. A `wake` while nobody sleeps ends the next sleep at once: none is missed. */
export function createAlarm() {
  let ring: (() => void) | undefined
  let rung = false
  return {
    wake(): void {
      rung = true
      ring?.()
    },
    async sleep(ms: number): Promise<void> {
      if (!rung) {
        const { promise, resolve } = Promise.withResolvers<void>()
        const timer = setTimeout(resolve, ms)
        ring = resolve
        await promise
        clearTimeout(timer)
        ring = undefined
      }
      rung = false
    },
  }
}
