import type { AdminOutput } from '../../protocol/admin/admin-endpoint.ts'
import type { listCanaries } from '../../protocol/admin/canaries.ts'
import { table } from '../admin-client.ts'

export type Canary = AdminOutput<typeof listCanaries>['canaries'][number]

/** How a canary does, and why, in one sentence. */
export const sentenceOf = ({ name, state, share, why }: Canary): string =>
  `${name}: ${state === 'running' ? (share === 0 ? 'copies' : `${share} %`) : state}. ${why}`

/** Each of them, with what was counted of both revisions. */
export function toLines(canaries: readonly Canary[]): readonly string[] {
  if (canaries.length === 0) return ['No canary was started.']
  return canaries.flatMap((canary) => [
    sentenceOf(canary),
    ...shadowLines(canary.shadow),
    ...table([HEADER, row('old', canary.stable), row('new', canary.canary)]).map((line) => `  ${line}`),
  ])
}

function shadowLines(shadow: Canary['shadow']): readonly string[] {
  if (!shadow) return []
  const { compared, differs, moved, failed, dropped, calls, ms, differences } = shadow
  const average = calls === 0 ? '' : `, ${Math.round(ms / calls)} ms each`
  return [
    `  copied reads: ${compared} compared, ${differs} differ, ${moved} changed meanwhile, ${failed} failed, ${dropped} not copied; ${calls} calls${average}`,
    ...differences.map(({ what, times }) => `    ${times} times ${what}`),
  ]
}

const HEADER = ['', 'REQUESTS', 'FAILED', 'UNDECLARED', 'REFUSED', 'BROKEN', 'P50', 'P90', 'COLD STARTS']

const row = (which: string, counts: Canary['canary']) => [
  ...[which, counts.requests, counts.failures, counts.undeclared, counts.refusals].map(String),
  `${counts.broken} of ${counts.checked}`,
  ...[milliseconds(counts.ms.p50), milliseconds(counts.ms.p90)],
  counts.coldStarts === 0 ? '0' : `${counts.coldStarts}, ${milliseconds(counts.coldMs)} each`,
]

const milliseconds = (ms: number | null) => (ms === null ? '-' : `${ms} ms`)
