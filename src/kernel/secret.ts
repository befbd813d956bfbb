import { inspect } from 'node:util'

/** What a secret shows instead of its value. */
export const HIDDEN_SECRET = '[redacted]'

/**
 * A secret that does not show itself: as text, as JSON, in a log line and in a console it is `[redacted]`, and a copy of it
 * holds nothing. Only `reveal()` returns its value.
 * @example const authorize = (key: Secret) => ({ authorization: `Bearer ${key.reveal()}` })
 * @see docs/guide/24-secrets.md
 */
// A class, since only a private field is out of reach of copies, inspection and JSON.
export class Secret {
  readonly #read: () => string

  /** A secret of this value, or one whose value `read` returns at each time. */
  constructor(read: string | (() => string)) {
    this.#read = typeof read === 'string' ? () => read : read
  }

  /** The value, for where it is needed: the newest one where its file has changed. Do not keep it. */
  reveal(): string {
    return this.#read()
  }

  /** `[redacted]`. */
  toString(): string {
    return HIDDEN_SECRET
  }

  /** `[redacted]`. */
  toJSON(): string {
    return HIDDEN_SECRET
  }

  /** `[redacted]`, as in a template literal. */
  [Symbol.toPrimitive](): string {
    return HIDDEN_SECRET
  }

  /** `[redacted]`, as a console shows it. */
  [inspect.custom](): string {
    return HIDDEN_SECRET
  }
}
