import { ConfigError } from '../../kernel/index.ts'

const SECONDS = { m: 60, h: 3_600, d: 86_400 } as const
const MIN_SECONDS = 60
/** A timer takes no more than 24 days. */
const MAX_SECONDS = 20 * SECONDS.d

/** Reads a time to live, such as 8h, in seconds. Throws a ConfigError that says what it must be. */
export function readTtl(text: string): number {
  const [, count, unit = ''] = /^(\d{1,5})([mhd])$/.exec(text) ?? []
  // The pattern has these units.
  const seconds = Number(count) * SECONDS[unit as keyof typeof SECONDS]
  if (seconds >= MIN_SECONDS && seconds <= MAX_SECONDS) return seconds
  throw new ConfigError('a time is a number of minutes, hours or days, from 1m to 20d, such as 8h')
}
