import type { FollowOperation } from '../graphql/follow-operation.ts'

/** The events of the database, for those who follow some: nothing is read while nobody does. */
export interface Subscriptions {
  /** Runs a subscription of GraphQL. */
  readonly run: FollowOperation
  /**
   * Follows events from now on, or from a position on. Rejects with a Problem where too many follow some, and where what came
   * since that position is not known any more.
   */
  readonly follow: (wanted: Followed) => Promise<Following>
}

/** What somebody follows. */
export interface Followed {
  readonly type: string
  /** Of the data: events of other versions are left out. */
  readonly version: number
  /** The tenant whose events they are, null for those of none; undefined: any. */
  readonly tenant: string | null | undefined
  /** Fields of their data, and the values that these must have. */
  readonly fields: Readonly<Record<string, unknown>>
  /** Whoever follows, for the limit of each. */
  readonly caller: string
  /** The position of the last event that it has; undefined where it has none. */
  readonly after: string | undefined
}

/** Ends where more came than is kept for one who is slow: what is missing comes to whoever comes back. */
export interface Following extends AsyncIterable<EmittedEvent> {
  /** From which position on. */
  readonly position: string
  readonly close: () => void
}

/** An event that was committed. */
export interface EmittedEvent {
  readonly data: unknown
  /** What to go on after; undefined in the middle of what was read together. */
  readonly position: string | undefined
}
