/** What is sent for a value: Postgres' own text of it, or the bytes of a bytea. */
export type Sent = string | Buffer

/** How the values of one type of Postgres come out and go in. Both ways throw a ValueFault where a value would change. */
export interface ValueType {
  readonly name: string
  /** What `write` takes, to be said after "takes". */
  readonly takes: string
  /** Whether an array is one value of it, and says nothing of dimensions. */
  readonly holdsArrays?: boolean
  /** From Postgres' own text; NULL never comes here. */
  readonly read: (text: string) => unknown
  /** Undefined where the type takes nothing of the kind. */
  readonly write: (value: unknown) => Sent | undefined
}

/** A type that goes both ways as Postgres writes it. */
export const textType = (name: string): ValueType => ({
  name,
  takes: 'a string',
  read: String,
  write: (value) => (typeof value === 'string' ? value : undefined),
})
