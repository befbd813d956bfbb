import type { Fault } from '../contract/index.ts'
import { whatIsUnsafe } from './what-is-unsafe.ts'

/**
 * Parses a JSON body strictly, as I-JSON (RFC 7493): UTF-8, no name twice in one object, no half of a surrogate pair; and
 * no U+0000, which Postgres has no text for, no `__proto__`, and no more than MAX_JSON. (RFC 8259 leaves repeated names to
 * the reader; two readers that differ are a hole.)
 */
export function parseJson(bytes: Uint8Array): { readonly value: unknown } | { readonly faults: readonly Fault[] } {
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes)
    // Before it is parsed, which may take many times the memory of the text.
    const fault = whatIsUnsafe(text, 'body')
    return fault ? { faults: [fault] } : { value: JSON.parse(text) as unknown }
  } catch (fault) {
    const why = fault instanceof SyntaxError ? fault.message.replace(/, ".*/s, '') : 'it is not UTF-8'
    return { faults: [{ path: 'body', message: `Not JSON: ${why}` }] }
  }
}
