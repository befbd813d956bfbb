import type { AdminOutput } from '../../protocol/admin/admin-endpoint.ts'
import type { listCanaries } from '../../protocol/admin/canaries.ts'
import { table } from '../admin-client.ts'

export type Canary = AdminOutput<typeof listCanaries>['canaries'][number]

/** How a canary does, and why, in one sentence. */
export const sentenceOf = ({ name, state, share, why }: Canary): string =>
  `${name}: ${state === 'running' ? `${share} %` : state}. ${why}`

/** Each of them, with what was counted of both revisions. */
export function toLines(canaries: readonly Canary[]): readonly string[] {
  if (canaries.length === 0) return ['No canary was started.']
  return canaries.flatMap((canary) => [
    sentenceOf(canary),
    ...table([HEADER, row('old', canary.stable), row('new', canary.canary)]).map((line) => `  ${line}`),
  ])
}

const HEADER = ['', 'REQUESTS', 'FAILED', 'UNDECLARED', 'REFUSED', 'BROKEN', 'P50', 'P90', 'COLD STARTS']

const row = (which: string, counts: Canary['canary']) => [
  ...[which, counts.requests, counts.failures, counts.undeclared, counts.refusals].map(String),
  `${counts.broken} of ${counts.checked}`,
  ...[milliseconds(counts.ms.p50), milliseconds(counts.ms.p90)],
  counts.coldStarts === 0 ? '0' : `${counts.coldStarts}, ${milliseconds(counts.coldMs)} each`,
]

const milliseconds = (ms: number | null) => (ms === null ? '-' : `${ms} ms`)
