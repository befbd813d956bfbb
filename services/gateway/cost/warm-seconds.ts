import { isWarm, type Scale } from '../../../src/contract/index.ts'

/** How a contract keeps instances warm. */
export type KeptWarm = Pick<Scale, 'min' | 'warm'>

const [HOUR_MS, STEP_MS] = [3_600_000, 300_000]

/** For how many seconds of the hour from `at` on, and up to now, instances are kept that nobody may need: all of them summed up. */
export function warmSecondsIn(at: Date, kept: KeptWarm | undefined, now: Date): number {
  if (!kept) return 0
  const { min = 0, warm = [] } = kept
  const endAt = Math.min(+at + HOUR_MS, +now)
  let seconds = 0
  for (let from = +at; from < endAt; from += STEP_MS) {
    const stepSeconds = Math.min(STEP_MS, endAt - from) / 1_000
    const instances = Math.max(min, warm.length > 0 && isWarm(warm, new Date(from)) ? 1 : 0)
    seconds += instances * stepSeconds
  }
  return seconds
}
