import type { Fault } from './judge-canary.ts'
import { comparedOf, type ShadowCounts } from './shadow-counts.ts'

/** The probability that a canary which answers as the old revision does is aborted for its answers, however many are compared. */
export const SHADOW_ALPHA = 0.005
/** How often it may be the canary that differs, of those times when one of two that agree otherwise does. */
const ALTERNATIVES = [0.75, 0.95, 0.999]
/** Of what was compared: so few are not waited for to become more, or to be explained. */
const TOLERATED = 0.01

/**
 * Of three answers, by the old revision, the canary, and the old one again, one differs: while both revisions answer by the same rule,
 * that is the canary's as often as the first one's, or less often, since what has changed meanwhile is in both later ones. So
 * the likelihood of what was counted under another probability than one half, divided by that under one half, is an e-process: above
 * 1/α with a probability of α at most, however often anybody looks.
 */
const evidenceOf = ({ differs, changed }: ShadowCounts): number =>
  ALTERNATIVES.reduce((sum, part) => sum + (2 * part) ** differs * (2 * (1 - part)) ** changed, 0) / ALTERNATIVES.length

/** What shows that the canary answers otherwise; undefined while nothing does. */
export const findShadowFault = (counts: ShadowCounts): Fault | undefined =>
  evidenceOf(counts) >= 1 / SHADOW_ALPHA ? { question: 'answers', why: tellShadow(counts) } : undefined

/** Whether more answers differ than may be by chance, and too few to be sure: nobody is sent to the canary until then. */
export const isDoubtful = (counts: ShadowCounts): boolean =>
  counts.differs - counts.changed > comparedOf(counts) * TOLERATED

/** What was compared, as a part of a sentence. */
export function tellShadow(counts: ShadowCounts): string {
  const [first] = Object.entries(counts.differences).sort(([, a], [, b]) => b - a)
  const where = counts.differs > 0 && first ? ` (most often ${first[0]})` : ''
  return `${counts.differs} of ${comparedOf(counts)} copied reads differ${where}`
}
