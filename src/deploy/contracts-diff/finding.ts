/** One consequence of a change of contracts. */
export interface Finding {
  /** `functions/create-user` or `events/user.created`. */
  readonly where: string
  /** A note is worth knowing, and nothing breaks. */
  readonly effect: 'breaks' | 'note'
  readonly whom?: 'callers' | 'readers' | 'deliveries'
  /** One sentence, such as `body.name is required now`. */
  readonly says: string
  /** The raised version that announces it, such as `version 1 → 2`; undefined where none does. */
  readonly announced?: string
}

/** A finding without its place and its announcement. */
export type Change = Omit<Finding, 'where' | 'announced'>

/** A change that breaks those who rely on the contract as it was. */
export const breaks = (whom: Finding['whom'] & string, says: string): Change => ({ effect: 'breaks', whom, says })
/** A change that breaks nothing, but that its readers should know of. */
export const note = (says: string): Change => ({ effect: 'note', says })

/** `version 1 → 2` where it was raised; a contract without a version has version 1. */
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

/** How two schemas are compared. */
export interface Comparison {
  /** Readers ignore what they do not know, and miss what is gone. */
  readonly reader?: boolean
  /** Query, path and headers carry texts: `7` is a number and a text, and one value is a list of one. */
  readonly text?: boolean
  /** Senders leave out what has a default: with another one the same request means something else. */
  readonly defaults?: boolean
}

/** A place in two schemas that are compared. */
export interface Position extends Comparison {
  readonly path: string
}

type Describe = (found: Incompatibility) => string

/** For those who send: what they could send before and cannot any more. */
export const describeToSenders: Describe = (found) => {
  const { path } = found
  if (found.kind === 'required') return `${path} is required now`
  if (found.kind === 'unknown' || found.kind === 'gone') return `${path} is refused now`
  if (found.kind === 'bound') return describeBound(found.path, found.keyword, { was: found.has, is: found.wants })
  return `${path} may not be ${found.what} any more`
}

/** For those who read: what they may receive now and never received before. */
export const describeToReaders: Describe = (found) => {
  const { path } = found
  if (found.kind === 'required') return `${path} may be absent now`
  if (found.kind === 'gone') return `${path} is gone`
  if (found.kind === 'unknown') return `${path} may be there now`
  if (found.kind === 'bound') return describeBound(found.path, found.keyword, { was: found.wants, is: found.has })
  return `${path} may be ${found.what} now`
}

/** For events that were emitted before and are delivered after. */
export const describeToDeliveries: Describe = (found) =>
  `${describeToSenders(found)}, and events emitted before would be refused`

/** One change for each sentence. */
export function toChanges(
  all: readonly Incompatibility[],
  describe: Describe,
  whom: Finding['whom'] & string,
): readonly Change[] {
  return [...new Set(all.map(describe))].map((says) => breaks(whom, says))
}

function describeBound(path: string, keyword: string, { was, is }: { was: unknown; is: unknown }): string {
  const none = (value: unknown) => (value === undefined ? 'none' : String(value))
  return `${path}: ${keyword} is ${none(is)} now, and was ${none(was)}`
}
