import type { Redriven, RedriveOutcome } from '../data/queue/redrive.ts'
import { ConfigError } from '../kernel/index.ts'
import * as endpoints from '../protocol/admin/events.ts'
import { type AdminOptions, callAdmin, printResult, table } from './admin-client.ts'

interface RedriveOptions extends AdminOptions {
  readonly type?: string | undefined
  readonly consumer?: string | undefined
  /** The subscriber that replaces `consumer`. */
  readonly to?: string | undefined
  readonly id?: string | undefined
  readonly before?: string | undefined
  readonly after?: string | undefined
  readonly limit?: string | undefined
  /** Deliveries a second to each subscriber. */
  readonly rate?: number | undefined
  readonly dryRun: boolean
  readonly stopOnFailure: boolean
}

/** Redrives dead deliveries, or with `dryRun` only lists them, and prints the outcome of each. */
export async function redriveEvents(
  project: string,
  { type, consumer, to, id, before, after, limit, rate, dryRun, stopOnFailure, ...options }: RedriveOptions,
) {
  const body = {
    ...{ type, consumer, to, id, before, after, dryRun, stopOnFailure },
    ...{ limit: limit === undefined ? undefined : Number(limit), perSecond: rate },
  }
  const redriven = await callAdmin(project, endpoints.redriveEvents, { body }, options)
  printResult(redriven, toLines, options)
}

/** Reads the time that an option has, as an RFC 3339 text in UTC. */
export const readTime =
  (option: string) =>
  (text: string): string => {
    const time = new Date(text)
    if (Number.isNaN(time.getTime())) throw new ConfigError(`${option} must be a time such as 2026-11-30T09:00:00Z`)
    return time.toISOString()
  }

/** Reads a number a second, such as 5/s. */
export function readRate(text: string): number {
  const rate = Number(/^(\d+(?:\.\d+)?)(?:\/s)?$/.exec(text)?.[1])
  if (!(rate > 0)) throw new ConfigError('--rate must be deliveries a second to each subscriber, such as 5/s')
  return rate
}

const OUTCOME_WORDS: Readonly<Record<RedriveOutcome, readonly [now: string, dry: string]>> = {
  first: ['goes first', 'would go first'],
  follows: ['follows when the first is done', 'would follow when the first is done'],
  redriven: ['goes', 'would go'],
  misfit: ['stays dead', 'would stay dead'],
}

function toLines({ deliveries, dryRun, more }: Redriven): readonly string[] {
  if (deliveries.length === 0) return ['No dead delivery matches.']
  const rows = deliveries.map(({ eventId, type, consumer, attempts, outcome, faults }) => {
    const why = faults.map(({ path, message }) => `${path}: ${message}`).join('; ')
    const word = OUTCOME_WORDS[outcome][dryRun ? 1 : 0]
    return [eventId, type, consumer, String(attempts), why ? `${word}: ${why}` : word]
  })
  return [
    ...table([['EVENT', 'TYPE', 'SUBSCRIBER', 'ATTEMPTS', dryRun ? 'IF IT WERE REDRIVEN' : 'NOW'], ...rows]),
    ...(more ? ['There are more: raise --limit, or run it again.'] : []),
  ]
}
