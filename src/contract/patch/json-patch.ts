import * as z from 'zod'
import { withMediaType } from './media-types.ts'

/**
 * What changes a document, step by step, as RFC 6902 writes it.
 * @example const patch: JsonPatch = [{ op: 'replace', path: '/quantity', value: 2 }]
 * @see https://www.rfc-editor.org/rfc/rfc6902
 */
export type JsonPatch = readonly JsonPatchOperation[]

/** One step of a {@link JsonPatch}. */
export type JsonPatchOperation =
  | { readonly op: 'add'; readonly path: string; readonly value: unknown }
  | { readonly op: 'remove'; readonly path: string }
  | { readonly op: 'replace'; readonly path: string; readonly value: unknown }
  | { readonly op: 'move'; readonly from: string; readonly path: string }
  | { readonly op: 'copy'; readonly from: string; readonly path: string }
  | { readonly op: 'test'; readonly path: string; readonly value: unknown }

/**
 * What a JSON Patch may be.
 * @example const options: JsonPatchOptions = { maxOperations: 20 }
 */
export interface JsonPatchOptions {
  /** The most operations, 1 to 1,000 (default: 100). */
  readonly maxOperations?: number
}

const MAX_OPERATIONS = 100
const MAX_POINTER_LENGTH = 1_000
/** RFC 6901, 3. */
const POINTER = /^(\/([^/~]|~[01])*)*$/

/**
 * The body of a PATCH that is sent as `application/json-patch+json` (RFC 6902): a list of operations. {@link applyPatch} applies
 * them, all or none, and its schema says what they may touch.
 * @example const body = jsonPatch({ maxOperations: 20 })
 * @see docs/guide/29-replies.md
 */
export function jsonPatch({ maxOperations = MAX_OPERATIONS }: JsonPatchOptions = {}): z.ZodType<JsonPatch, JsonPatch> {
  const pointer = z.string().max(MAX_POINTER_LENGTH).regex(POINTER).meta({ example: '' })
  const value = z.unknown().refine((given) => given !== undefined, 'Missing')
  const operation = z.discriminatedUnion('op', [
    z.object({ op: z.enum(['add', 'replace', 'test']), path: pointer, value }),
    z.object({ op: z.literal('remove'), path: pointer }),
    z.object({ op: z.enum(['move', 'copy']), from: pointer, path: pointer }),
  ])
  return withMediaType(z.array(operation).min(1).max(maxOperations), 'application/json-patch+json')
}
