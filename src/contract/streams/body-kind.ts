import type * as z from 'zod'
import type { FormBody } from './form.ts'
import type { StreamBody } from './stream.ts'

/**
 * What a contract may say of a request's body: a schema of JSON, a stream, or a form.
 * @example const bodies: readonly Body[] = [z.object({ id: z.uuid() }), stream({ type: 'text/csv', maxBytes: 1_000_000 })]
 */
export type Body = z.ZodType | StreamBody | FormBody

/** The schema of a body that is read as a whole and parsed as JSON; undefined where it is a stream, a form, or there is none. */
export const jsonBodyOf = ({ body }: { readonly body?: Body | undefined }): z.ZodType | undefined =>
  body && 'kind' in body ? undefined : body

/** The streamed body or the form of a contract; undefined where it has none. */
export const streamedBodyOf = ({ body }: { readonly body?: Body | undefined }): StreamBody | FormBody | undefined =>
  body && 'kind' in body ? body : undefined

/** The form of a contract; undefined where it has none. */
export const formOf = ({ body }: { readonly body?: Body | undefined }): FormBody | undefined =>
  body && 'kind' in body && body.kind === 'form' ? body : undefined

/** The schema of each line of a contract's streamed body; undefined where that is bytes, or there is none. */
export const itemSchemaOf = ({ body }: { readonly body?: Body | undefined }): z.ZodType | undefined =>
  body && 'kind' in body && body.kind === 'stream' ? body.item : undefined
