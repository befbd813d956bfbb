import type { Arbitrary } from 'fast-check'
import fc from 'fast-check'
import * as z from 'zod'
import { SEED } from '../support/seed.ts'

/** A schema that a contract may have, and values from inside it, from its edges and from beyond. */
export interface Kind {
  readonly schema: z.ZodType
  readonly values: Arbitrary<unknown>
  /** Whether the document says less than the gateway holds to: a rule that JSON Schema has no words for. */
  readonly isLoose?: boolean
  /** Whether what comes in is another value for the handler, or for callers what the handler gives. */
  readonly isChanged?: boolean
  /** Whether what it makes of a value is of another type, which it does not take itself. */
  readonly isConverted?: boolean
  /** Whether it has a `.catch`: unknown names are caught on their way in, and stripped on their way out. */
  readonly isCaught?: boolean
}

/** What is so of a kind that is made of these. */
export const flagsOf = (kinds: readonly Kind[]) => ({
  isLoose: kinds.some(({ isLoose }) => isLoose),
  isChanged: kinds.some(({ isChanged }) => isChanged),
  isConverted: kinds.some(({ isConverted }) => isConverted),
  isCaught: kinds.some(({ isCaught }) => isCaught),
})

/** The same kind, which a test that fails shows by its document. */
export const shown = (kind: Kind): Kind => ({
  ...kind,
  ...{
    [fc.toStringMethod]: () => JSON.stringify(z.toJSONSchema(kind.schema, { io: 'input', unrepresentable: 'any' })),
  },
})

const length = process.env.EBB_TEST_SCALE === 'full' ? 21 : 4

/** Each is one round of contracts; 21 rounds are 4,200 pairs. `EBB_SEED` runs one alone. */
export const seeds: readonly number[] = process.env.EBB_SEED ? [SEED] : Array.from({ length }, (_, i) => SEED + i)
