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
export function raised(before: string | undefined = '1', after: string | undefined = '1'): string | undefined {
  const order = after.localeCompare(before, 'en', { numeric: true })
  return order > 0 ? `version ${before} → ${after}` : undefined
}
