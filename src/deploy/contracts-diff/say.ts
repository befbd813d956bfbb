import type { Change, Finding } from './finding.ts'
import { breaks } from './finding.ts'
import type { Misfit } from './misfit.ts'

type Say = (misfit: Misfit) => string

/** What those who send hear: `misfit` is of what they could send before and cannot any more. */
export const toSenders: Say = (misfit) => {
  const { path } = misfit
  if (misfit.kind === 'required') return `${path} is required now`
  if (misfit.kind === 'unknown' || misfit.kind === 'gone') return `${path} is refused now`
  if (misfit.kind === 'bound') return ruled(misfit.path, misfit.keyword, { was: misfit.has, is: misfit.wants })
  return `${path} may not be ${misfit.what} any more`
}

/** What those who read hear: `misfit` is of what they may get now and never got before. */
export const toReaders: Say = (misfit) => {
  const { path } = misfit
  if (misfit.kind === 'required') return `${path} may be absent now`
  if (misfit.kind === 'gone') return `${path} is gone`
  if (misfit.kind === 'unknown') return `${path} may be there now`
  if (misfit.kind === 'bound') return ruled(misfit.path, misfit.keyword, { was: misfit.wants, is: misfit.has })
  return `${path} may be ${misfit.what} now`
}

/** What becomes of events that were emitted before and are delivered after. */
export const toDeliveries: Say = (misfit) => `${toSenders(misfit)}, and events emitted before would be refused`

/** Each sentence once. */
export function sentences(misfits: readonly Misfit[], say: Say, whom: Finding['whom'] & string): readonly Change[] {
  return [...new Set(misfits.map(say))].map((says) => breaks(whom, says))
}

function ruled(path: string, keyword: string, { was, is }: { was: unknown; is: unknown }): string {
  const none = (value: unknown) => (value === undefined ? 'none' : String(value))
  return `${path}: ${keyword} is ${none(is)} now, and was ${none(was)}`
}
