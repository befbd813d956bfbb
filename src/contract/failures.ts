import type * as z from 'zod'

/**
 * One way in which the handler of an endpoint may refuse, with what its callers learn besides code and message.
 * @example const outOfStock: DeclaredFailure = { status: 409, description: 'Fewer are left.', data: z.object({ left: z.int() }) }
 * @see docs/guide/03-validation-and-errors.md
 */
export interface DeclaredFailure {
  /** From 400 to 599. */
  readonly status: number
  /** When that is so, in one sentence, for the published documentation and for agents. */
  readonly description?: string
  /** The schema of the member `data` of the problem, which the handler gives to `fail`. */
  readonly data?: z.ZodType
}

/**
 * How an endpoint may refuse, by code in lower_snake: a status, or a status with a description and data.
 * @example const failures: Failures = { order_not_found: 404, out_of_stock: { status: 409, data: z.object({ left: z.int() }) } }
 */
export type Failures = Readonly<Record<string, number | DeclaredFailure>>

/** How the handler of a contract may refuse, by code. */
export const failuresOf = ({ failures }: FailingContract): Readonly<Record<string, DeclaredFailure>> =>
  toDeclared(failures)

/** The same, each with its status alone. */
export const failureStatuses = (contract: FailingContract): Readonly<Record<string, number>> =>
  Object.fromEntries(Object.entries(failuresOf(contract)).map(([code, { status }]) => [code, status]))

/** Any contract: some kinds have no failures. */
interface FailingContract {
  readonly kind: string
  readonly failures?: Failures
}

const toDeclared = (failures: Failures = {}): Readonly<Record<string, DeclaredFailure>> =>
  Object.fromEntries(
    Object.entries(failures).map(([code, failure]) => [
      code,
      typeof failure === 'number' ? { status: failure } : failure,
    ]),
  )
