import type * as z from 'zod'
import { HttpFault } from './http-fault.ts'
import type { Call } from './to-call.ts'

/** An answer, read to its end. */
export interface HttpAnswer {
  readonly status: number
  /** By lower-case names; several of one name are joined by commas. */
  readonly headers: Readonly<Record<string, string>>
  /** The body as the schema reads it; throws an HttpFault `bad_answer` where it is no JSON, or not as the schema says. */
  json<S extends z.ZodType>(schema: S): z.output<S>
  /** The body as UTF-8. */
  text(): string
  bytes(): Uint8Array
}

/** What came over the wire. */
export interface Received {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly bytes: Uint8Array
}

/** The answer to `call`, which took as many attempts. */
export function toAnswer({ status, headers, bytes }: Received, call: Call, attempts: number): HttpAnswer {
  const text = () => new TextDecoder().decode(bytes)
  return {
    ...{ status, headers, text, bytes: () => bytes },
    json: (schema) => {
      const parsed = schema.safeParse(parseJson(text()))
      if (parsed.success) return parsed.data
      throw new HttpFault('bad_answer', call, { attempts, cause: parsed.error })
    },
  }

  function parseJson(json: string): unknown {
    try {
      return JSON.parse(json)
    } catch {
      // Its own fault quotes the body.
      throw new HttpFault('bad_answer', call, { attempts, cause: new Error(`no JSON, with status ${status}`) })
    }
  }
}
