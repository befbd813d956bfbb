import { join } from 'node:path'
import pg from 'pg'
import { type Client, createClient } from './client.ts'
import { disturb, type FaultCounts, type Happened } from './disturb.ts'
import { untilDrained } from './drain.ts'
import { forEach } from './for-each.ts'
import { countAttempts, judgeHistory } from './history.ts'
import { openLedger } from './ledger.ts'
import { type Platform, startPlatform } from './platform.ts'
import { createRandom } from './random.ts'
import { readResults } from './results.ts'
import { writeTimeline } from './timeline.ts'
import { judge, type Violation } from './verdict.ts'

export interface ChaosOptions {
  readonly seed: number
  readonly requests: number
  readonly counts: FaultCounts
  /** Told what happens. */
  readonly log?: (line: string) => void
}

export interface ChaosResult {
  readonly violations: readonly Violation[]
  readonly faults: readonly Happened[]
  readonly figures: Readonly<Record<string, number>>
  /** Why no disk was filled, where none could be. */
  readonly noDisk: string | undefined
  /** Of the first entries that show a violation. */
  readonly timelines: readonly string[]
}

const CALLERS = 30
/** One in so many is asynchronous, and one in so many is sent again at the end. */
const [LATER_EACH, REPEAT_EACH] = [4, 20]
const MAX_TIMELINES = 3

const modeOf = (i: number) => (i % LATER_EACH === 1 ? 'later' : 'now')

/** Sends requests to a platform that is disturbed all the while, and finds out what of the acknowledged ones is lost or doubled. */
export async function runChaos(options: ChaosOptions): Promise<ChaosResult> {
  const { seed, requests, log = () => {} } = options
  const beganAt = Date.now()
  await using opened = new AsyncDisposableStack()
  const platform = await startPlatform({ requests })
  opened.defer(platform.close)
  log(`started in ${Date.now() - beganAt} ms`)
  const ledger = await openLedger(join(platform.folder, 'ledger'))
  opened.defer(ledger.close)
  const client = createClient({ url: platform.url, apiKey: platform.apiKey, ledger })
  const names = Array.from({ length: requests }, (_, i) => `entry-${seed}-${i}`)
  const faults = await sendWhileDisturbed(platform, client, names, options)
  log('all are acknowledged, and nothing is disturbed any more')

  const database = new pg.Client({ connectionString: platform.postgres.ownerUrl })
  await database.connect()
  opened.defer(() => database.end())
  log(`${await untilDrained(database)} events, deliveries and calls are left on their way`)
  await forEach(names, CALLERS, async (name, i) => {
    if (i % REPEAT_EACH < 2) await client.repeat(name, modeOf(i))
  })
  const lines = await ledger.read()
  const results = await readResults(client, lines)
  const { effects, folder } = platform
  const violations = [
    ...client.unexpected.map(({ name, status, why }) => ({ kind: 'untrue' as const, name, what: `${status}: ${why}` })),
    ...(await judge({ database, effects, ledger: lines, ...results })),
    ...(await judgeHistory({ database, folder })),
  ]
  const timelines: string[] = []
  for (const name of [...new Set(violations.map((violation) => violation.name))].slice(0, MAX_TIMELINES)) {
    const known = { name, database, folder, faults, ledger: lines, calls: effects.calls }
    timelines.push(`${name}:\n${await writeTimeline(known)}`)
  }
  const count = (kind: string) => lines.filter(({ what }) => what === kind).length
  const figures = {
    ...{ sent: count('sent'), acknowledged: count('acknowledged'), replayed: count('replayed') },
    ...{ 'of them asynchronous': results.ids.size + results.givenUp.size, 'given up': results.givenUp.size },
    ...{ 'calls of the third party': effects.calls.length, mails: effects.mails().length },
    ...(await countAttempts(database)),
    seconds: Math.round((Date.now() - beganAt) / 1_000),
  }
  return { violations, faults, figures, timelines, noDisk: platform.postgres.noDisk }
}

async function sendWhileDisturbed(
  platform: Platform,
  client: Client,
  names: readonly string[],
  { seed, counts, log = () => {} }: ChaosOptions,
): Promise<readonly Happened[]> {
  const ended = new AbortController()
  let acknowledged = 0
  const sending = forEach(names, CALLERS, async (name, i) => {
    await client.untilAcknowledged(name, modeOf(i), ended.signal)
    acknowledged++
  })
  try {
    const faults = await disturb(platform, {
      ...{ random: createRandom(seed), requests: names.length, acknowledged: () => acknowledged },
      counts: platform.postgres.noDisk === undefined ? counts : { ...counts, 'full disk': 0 },
      onFault: ({ kind, hit }) => log(`${acknowledged} acknowledged; ${kind}: ${hit}`),
    })
    await sending
    return faults
  } finally {
    ended.abort()
  }
}
