import type { Session } from './session.ts'
import type { Need } from './target.ts'

/** One promise to whoever calls an Ebb. Cases know nothing of each other, and leave nothing that could disturb another. */
export interface Case {
  /** The subject, a colon, and the promise. */
  readonly name: string
  /** Without these the case is skipped. */
  readonly needs?: readonly Need[]
  /** Throws what is wrong. */
  readonly run: (session: Session) => Promise<void>
}
