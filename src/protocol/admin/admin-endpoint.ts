import type * as z from 'zod'

/**
 * One endpoint of the admin API, as data: its route, its validation, the API's document, the reference and the commands'
 * types are derived from it; `services/gateway/admin` has what it does.
 */
export interface AdminEndpoint {
  /** Its operation's id, such as `keys.list`. */
  readonly name: string
  readonly method: 'GET' | 'POST' | 'PUT' | 'DELETE'
  /** With its parameters as `{name}`. */
  readonly path: `/${string}`
  /** One sentence. */
  readonly summary: string
  /** What else there is to know, in Markdown. */
  readonly description?: string
  readonly params?: z.ZodType
  /** Its values arrive as text. */
  readonly query?: z.ZodType
  readonly body?: z.ZodType
  /** Default: 16 KiB. */
  readonly maxBodyBytes?: number
  readonly reply:
    | { readonly status: 200 | 201; readonly body: z.ZodType }
    | { readonly status: 204 }
    /** Text of this media type. */
    | { readonly status: 200; readonly text: string }
    /** Events of this name (Server-Sent Events), for as long as the caller listens. */
    | { readonly status: 200; readonly event: string; readonly data: z.ZodType }
  /** Its own refusals: the status of each code. */
  readonly failures?: Readonly<Record<string, number>>
  /** The action of the audit row that it leaves; none where it changes nothing. */
  readonly change?: string
  /** Whether it takes no key: for what shows nothing that is anyone's. */
  readonly open?: true
}

/** Sends events to whoever listens, until what it returns is called. */
export type Follow<Data> = (send: (data: Data) => void) => () => void

/** Describes an endpoint of the admin API. */
export const adminEndpoint = <const E extends AdminEndpoint>(endpoint: E): E => endpoint

/** What its handler gets. */
export interface AdminInput<E extends AdminEndpoint> {
  readonly params: PartOf<E, 'params', z.output<NonNullable<E['params']>>>
  readonly query: PartOf<E, 'query', z.output<NonNullable<E['query']>>>
  readonly body: PartOf<E, 'body', z.output<NonNullable<E['body']>>>
}

/** What a caller sends. */
export type AdminRequest<E extends AdminEndpoint> = (E extends { readonly params: z.ZodType }
  ? { readonly params: z.input<E['params']> }
  : unknown) &
  (E extends { readonly query: z.ZodType }
    ? { readonly query?: Readonly<Record<string, string | undefined>> }
    : unknown) &
  (E extends { readonly body: z.ZodType } ? { readonly body: DeepReadonly<z.input<E['body']>> } : unknown)

/** What it replies with. */
export type AdminOutput<E extends AdminEndpoint> = E['reply'] extends { readonly body: infer Body extends z.ZodType }
  ? DeepReadonly<z.output<Body>>
  : E['reply'] extends { readonly text: string }
    ? string
    : E['reply'] extends { readonly data: infer Data extends z.ZodType }
      ? Follow<DeepReadonly<z.output<Data>>>
      : undefined

type PartOf<E extends AdminEndpoint, Part extends keyof E, Value> = E extends { readonly [_ in Part]: z.ZodType }
  ? Value
  : undefined

type DeepReadonly<Value> = Value extends readonly (infer Item)[]
  ? readonly DeepReadonly<Item>[]
  : Value extends object
    ? { readonly [Name in keyof Value]: DeepReadonly<Value[Name]> }
    : Value
