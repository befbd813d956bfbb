import { checkKeys, type Refuse } from './check-common.ts'

const RATE_KEYS = ['requests', 'perSeconds', 'burst']
const MAX_REQUESTS_PER_SECOND = 10_000
const MAX_REFILL_SECONDS = 86_400

/** Refuses a rate that cannot be kept; `part` is what a contract or a plan calls it. */
export function checkRate(
  part: string,
  rate: { readonly requests: number; readonly perSeconds: number; readonly burst?: number },
  refuse: Refuse,
) {
  checkKeys(rate, RATE_KEYS, refuse)
  const { requests, perSeconds, burst = requests } = rate
  for (const [name, n] of Object.entries({ requests, perSeconds, burst })) {
    refuse(!(Number.isInteger(n) && n >= 1), `${part}.${name} must be whole and at least 1`)
  }
  refuse(burst < requests, `${part}.burst is how many may come at once, and that is never less than ${part}.requests`)
  refuse(
    requests > MAX_REQUESTS_PER_SECOND * perSeconds,
    `${part} can be ${MAX_REQUESTS_PER_SECOND} requests a second at most; leave it out`,
  )
  refuse(
    burst * perSeconds > MAX_REFILL_SECONDS * requests,
    `${part} would refill over more than a day, which is a quota, not a rate; shorten perSeconds or burst`,
  )
}
