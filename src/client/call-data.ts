import type * as z from 'zod'
import { mediaTypesOf } from '../contract/patch/media-types.ts'
import { kindsOf, type TextKind } from '../contract/schema/text-kinds.ts'
import type { Callable } from './calls-of.ts'

/** What a client needs of an endpoint at run time: plain data, as a packed client has it. */
export interface CallData extends Omit<Callable, 'reply' | 'body'> {
  readonly replies?: readonly ReplyOfCallData[]
  /** Whether the body is streamed, or a form. */
  readonly bodyKind?: 'stream' | 'form'
  /** The media types of the body; undefined where it is JSON. */
  readonly bodyTypes?: readonly string[]
}

export interface ReplyOfCallData {
  readonly status: number
  /** The media type of what it streams. */
  readonly stream?: string
  /** What the texts of its headers stand for, by name. */
  readonly headerKinds?: Readonly<Record<string, TextKind | undefined>>
}

/** The run-time data of a contract. */
export function toCallData({ reply, body, ...contract }: Callable): CallData {
  const replies =
    reply &&
    [reply].flat().map(({ status, headers, stream }) => ({
      status,
      ...(stream ? { stream: stream.type } : {}),
      // A schema of zod.
      ...(headers ? { headerKinds: kindsOf(headers as z.ZodObject) } : {}),
    }))
  return { ...contract, ...describeBody(body), ...(replies ? { replies } : {}) }
}

function describeBody(body: Callable['body']): Pick<CallData, 'bodyKind' | 'bodyTypes'> {
  if (!body) return {}
  const { kind, type = [] } = body as { readonly kind?: unknown; readonly type?: string | readonly string[] }
  if (kind === 'stream' || kind === 'form') return { bodyKind: kind, bodyTypes: [type].flat() }
  // What is neither is a schema of zod.
  const bodyTypes = mediaTypesOf(body as z.ZodType)
  return bodyTypes ? { bodyTypes } : {}
}
