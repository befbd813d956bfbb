/** How often the database is asked within the time that a position counts as recent. */
const SAMPLES = 5

interface RecentPositionOptions {
  readonly maxAgeMs: number
  /** Default: a clock that only goes forward. */
  readonly now?: () => number
}

/**
 * Follows a position that was the database's own at most `maxAgeMs` ago, by this process's clock: a replica that has it is no
 * further behind than that. So no server's clock is compared with another's, and nothing is written to be waited for.
 */
export function followPosition(
  ask: () => Promise<bigint>,
  { maxAgeMs, now = () => performance.now() }: RecentPositionOptions,
) {
  const samples: { readonly at: number; readonly position: bigint }[] = []
  let isAsking = false

  async function sample() {
    // Before the question: what the answer says was true then, or later.
    const at = now()
    samples.push({ at, position: await ask() })
  }
  return {
    /** The oldest position that is recent; undefined where none is. Asks for the next one in the background, as far as that is due. */
    current(): bigint | undefined {
      const time = now()
      while (samples[0] && samples[0].at < time - maxAgeMs) samples.shift()
      const newest = samples.at(-1)
      if (!isAsking && (!newest || newest.at < time - maxAgeMs / SAMPLES)) {
        isAsking = true
        void sample()
          .catch(() => {})
          .finally(() => {
            isAsking = false
          })
      }
      return samples[0]?.position
    },
  }
}
