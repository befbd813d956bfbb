import type {
  ExperimentalIncrementalExecutionResults,
  GraphQLError,
  GraphQLFormattedError,
  LegacyExperimentalIncrementalExecutionResults,
} from 'graphql'
import { containsSecret } from '../../kernel/index.ts'
import { findUnsafeText } from '../json.ts'
import type { FieldError } from './write-error.ts'

/** A response in parts, each as JSON: the first one can be sent at once. */
export type Parts = AsyncGenerator<string, void, void>

const IN_PARTS = Symbol('in parts')

/** The parts of what an operation came to; undefined where it came whole. */
export const partsOf = (output: unknown): Parts | undefined => Object(output)[IN_PARTS]

export type Delivered = ExperimentalIncrementalExecutionResults | LegacyExperimentalIncrementalExecutionResults

interface PartsOptions {
  /** That of the operation: its reason is a Problem. */
  readonly signal: AbortSignal
  readonly writeError: (error: FieldError) => GraphQLFormattedError
}

/**
 * Writes what an operation comes to, part by part, with its errors as callers get them. Where the request is over before the last
 * part, or one of them cannot be sent, a last one says so of all that are missing. Throws where the first one cannot be sent.
 */
export function toParts({ initialResult, subsequentResults }: Delivered, { signal, writeError }: PartsOptions) {
  const pending = new Set<string>()
  const write = (part: Part) => {
    const text = encode(withErrors(part, writeError))
    for (const { id } of part.pending ?? []) pending.add(id)
    for (const { id } of part.completed ?? []) pending.delete(id)
    return text
  }
  const first = write(initialResult as Part)

  async function* writeParts(): Parts {
    yield first
    try {
      // The engine ends them with the signal.
      for await (const part of subsequentResults) yield write(part as Part)
    } catch (cause) {
      const error = signal.aborted ? signal.reason : cause
      const errors = [writeError({ originalError: error as Error, message: String(error) })]
      const completed = [...pending].map((id) => ({ id, errors }))
      yield JSON.stringify({ ...(completed.length > 0 ? { completed } : { errors }), hasNext: false })
    }
  }
  return { [IN_PARTS]: writeParts() }
}

/** What graphql-js sends of an operation and of its deferred fragments, and where it has errors: in both formats. */
interface Part extends WithErrors {
  readonly pending?: readonly { readonly id: string }[]
  readonly incremental?: readonly WithErrors[]
  readonly completed?: readonly (WithErrors & { readonly id: string })[]
}

interface WithErrors {
  readonly errors?: readonly GraphQLError[]
}

function withErrors({ incremental, completed, ...part }: Part, writeError: PartsOptions['writeError']): object {
  const write = <T extends WithErrors>(one: T) => (one.errors ? { ...one, errors: one.errors.map(writeError) } : one)
  return {
    ...write(part),
    ...(incremental ? { incremental: incremental.map(write) } : {}),
    ...(completed ? { completed: completed.map(write) } : {}),
  }
}

function encode(part: object): string {
  const text = JSON.stringify(part)
  const issue = findUnsafeText(text, 'part')
  if (issue) throw new Error(`a part of the reply breaks its contract: ${issue.path}: ${issue.message}`)
  if (containsSecret(text))
    throw new Error('a part of the reply holds the value of a secret, which must not leave the function')
  return text
}
