import type { Problem } from '../../contract/index.ts'
import type { Identity } from '../../protocol/index.ts'

/** A field that shows the reply of an endpoint. */
export interface ShownField {
  readonly name: string
  /** By the endpoint's parameter, the property that gives it; of a field of Query none. */
  readonly by: Readonly<Record<string, string>>
  /** Calls the endpoint's resolver as the endpoint itself would its handler. */
  readonly show: (values: Readonly<Record<string, unknown>>, call: ShownCall) => Promise<unknown>
}

export interface ShownCall {
  readonly caller: Identity
  /** Answers a field that is looked up. */
  readonly resolve: (input: unknown, tools: unknown) => Promise<unknown>
  /** Calls the function of a field that writes. */
  readonly call: (input: Readonly<Record<string, unknown>>) => Promise<CallResult>
}

/** What a call of a function comes to: a reply, or a failure that its contract declares. */
export type CallResult = { readonly ok: true; readonly data: unknown } | (Problem & { readonly ok: false })
