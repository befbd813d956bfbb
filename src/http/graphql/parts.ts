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
  /** Ends them; its reason is a Problem. */
  readonly signal: AbortSignal
  readonly writeError: (error: FieldError) => GraphQLFormattedError
}

/**
 * Writes what an operation comes to, part by part, with its errors as callers get them. Where the request is over before the last
 * part, or one of them cannot be sent, a last one says so of all that are missing.
 */
export const toParts = (delivered: Delivered, options: PartsOptions) => ({ [IN_PARTS]: writeParts(delivered, options) })

async function* writeParts(
  { initialResult, subsequentResults }: Delivered,
  { signal, writeError }: PartsOptions,
): Parts {
  const pending = new Set<string>()
  const write = (part: Part) => {
    for (const { id } of part.pending ?? []) pending.add(id)
    for (const { id } of part.completed ?? []) pending.delete(id)
    return encode(withErrors(part, writeError))
  }
  const over = Promise.withResolvers<never>()
  over.promise.catch(() => {})
  const end = () => over.reject(signal.reason)
  signal.addEventListener('abort', end, { once: true })
  try {
    yield write(initialResult as Part)
    for (;;) {
      signal.throwIfAborted()
      const next = await Promise.race([subsequentResults.next(), over.promise])
      if (next.done) break
      yield write(next.value as Part)
    }
  } catch (error) {
    const errors = [writeError({ originalError: error as Error, message: String(error) })]
    const completed = [...pending].map((id) => ({ id, errors }))
    yield JSON.stringify({ ...(completed.length > 0 ? { completed } : { errors }), hasNext: false })
  } finally {
    signal.removeEventListener('abort', end)
    void subsequentResults.return().catch(() => {})
  }
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
