import type { Variant, VariantResponse } from '../../protocol/index.ts'

/** The canaries of functions, as a gateway follows them. */
export interface Canaries {
  /** The canary of a function; undefined where there is none. */
  readonly of: (functionName: string) => RunningCanary | undefined
  /** `caller` is whoever stays with one revision, and sends more of the same. */
  readonly count: (caller: string, response: VariantResponse) => void
  /** Whether one more body of this variant is to be compared with the contract: some of each second. */
  readonly mayCheck: (functionName: string, variant: Variant) => boolean
}

export interface RunningCanary {
  /** Of the callers, in percent. */
  readonly share: number
  /** Whether callers may choose by `Ebb-Variant`. */
  readonly byHeader: boolean
}
