import { untilTrue } from '../../support/until.ts'
import { FAULTS, type FaultKind } from './faults.ts'
import type { Platform } from './platform.ts'
import type { Random } from './random.ts'

export type FaultCounts = Readonly<Record<FaultKind, number>>

/** One fault as it happened. */
export interface Happened {
  readonly kind: FaultKind
  readonly hit: string
  readonly from: Date
  readonly to: Date
}

/** Nothing of the first and last requests is disturbed: what fails then fails by itself. */
const [FIRST, LAST] = [0.1, 0.95]
/** No fault lasts so long. */
const STUCK_MS = 120_000

interface DisturbOptions {
  readonly random: Random
  readonly requests: number
  readonly counts: FaultCounts
  /** How many requests are acknowledged by now. */
  readonly acknowledged: () => number
  readonly onFault: (fault: Happened) => void
}

/** Lets faults happen in an order by chance, spread over the requests: each waits for so many to be acknowledged. */
export async function disturb(
  platform: Platform,
  { random, requests, counts, acknowledged, onFault }: DisturbOptions,
): Promise<readonly Happened[]> {
  const kinds = random.shuffle(kindsOf(counts))
  const happened: Happened[] = []
  const lasting: Promise<void>[] = []
  const run = async (kind: FaultKind) => {
    const from = new Date()
    const hit = await FAULTS[kind].run(platform, random)
    const fault = { kind, hit, from, to: new Date() }
    happened.push(fault)
    onFault(fault)
  }
  for (const [i, kind] of kinds.entries()) {
    const at = requests * (FIRST + ((LAST - FIRST) * (i + random.next())) / kinds.length)
    let last = { count: acknowledged(), at: Date.now() }
    const isDue = () => {
      const count = acknowledged()
      if (count > last.count) last = { count, at: Date.now() }
      if (Date.now() - last.at > STUCK_MS) throw new Error(`no request was acknowledged for ${STUCK_MS / 1_000} s`)
      return count >= at
    }
    await untilTrue(isDue, { limitMs: Number.POSITIVE_INFINITY })
    const running = run(kind)
    if ('lasts' in FAULTS[kind]) lasting.push(running)
    else await running
  }
  await Promise.all(lasting)
  return happened
}

const kindsOf = (counts: FaultCounts): readonly FaultKind[] =>
  // Its keys are those of the record.
  (Object.keys(counts) as FaultKind[]).flatMap((kind) => Array<FaultKind>(counts[kind]).fill(kind))
