/** One thing that a change of contracts means to somebody. */
export interface Finding {
  /** `functions/create-user` or `events/user.created`. */
  readonly where: string
  /** A note is worth knowing and breaks nobody. */
  readonly effect: 'breaks' | 'note'
  readonly whom?: 'callers' | 'readers' | 'deliveries'
  /** One sentence, such as `body.name is required now`. */
  readonly says: string
  /** Whose version says so, such as `version 1 → 2`; undefined where nobody said a word. */
  readonly announced?: string
}

/** A finding before it is known whose and whether it was announced. */
export type Change = Omit<Finding, 'where' | 'announced'>

export const breaks = (whom: Finding['whom'] & string, says: string): Change => ({ effect: 'breaks', whom, says })
export const note = (says: string): Change => ({ effect: 'note', says })

/** `version 1 → 2` where it was raised; a contract without one has version 1. */
export function versionRaise(before: string | undefined = '1', after: string | undefined = '1'): string | undefined {
  const order = after.localeCompare(before, 'en', { numeric: true })
  return order > 0 ? `version ${before} → ${after}` : undefined
}

/** One way in which a value that one schema allows is not allowed by another. */
export type Incompatibility = { readonly path: string } & (
  | { readonly kind: 'required' }
  | { readonly kind: 'unknown' }
  | { readonly kind: 'gone' }
  | { readonly kind: 'value'; readonly what: string }
  | { readonly kind: 'type'; readonly what: string }
  | { readonly kind: 'bound'; readonly keyword: string; readonly has: unknown; readonly wants: unknown }
)

/** How two schemas are held against each other. */
export interface Comparison {
  /** Those who read ignore what they do not know, and miss what is gone. */
  readonly reader?: boolean
  /** Query, path and headers carry texts: `7` is a number and a text, and one value is a list of one. */
  readonly text?: boolean
}

export interface Position extends Comparison {
  readonly path: string
}

type Describe = (misfit: Incompatibility) => string

/** What those who send hear: `misfit` is of what they could send before and cannot any more. */
export const describeToSenders: Describe = (misfit) => {
  const { path } = misfit
  if (misfit.kind === 'required') return `${path} is required now`
  if (misfit.kind === 'unknown' || misfit.kind === 'gone') return `${path} is refused now`
  if (misfit.kind === 'bound') return describeBound(misfit.path, misfit.keyword, { was: misfit.has, is: misfit.wants })
  return `${path} may not be ${misfit.what} any more`
}

/** What those who read hear: `misfit` is of what they may get now and never got before. */
export const describeToReaders: Describe = (misfit) => {
  const { path } = misfit
  if (misfit.kind === 'required') return `${path} may be absent now`
  if (misfit.kind === 'gone') return `${path} is gone`
  if (misfit.kind === 'unknown') return `${path} may be there now`
  if (misfit.kind === 'bound') return describeBound(misfit.path, misfit.keyword, { was: misfit.wants, is: misfit.has })
  return `${path} may be ${misfit.what} now`
}

/** What becomes of events that were emitted before and are delivered after. */
export const describeToDeliveries: Describe = (misfit) =>
  `${describeToSenders(misfit)}, and events emitted before would be refused`

/** Each sentence once. */
export function toChanges(
  misfits: readonly Incompatibility[],
  say: Describe,
  whom: Finding['whom'] & string,
): readonly Change[] {
  return [...new Set(misfits.map(say))].map((says) => breaks(whom, says))
}

function describeBound(path: string, keyword: string, { was, is }: { was: unknown; is: unknown }): string {
  const none = (value: unknown) => (value === undefined ? 'none' : String(value))
  return `${path}: ${keyword} is ${none(is)} now, and was ${none(was)}`
}
