import type { ShadowOutcome, Variant, VariantResponse } from '../../protocol/index.ts'

/** The canaries of functions, as a gateway follows them. */
export interface Canaries {
  /** The canary of a function; undefined where there is none. */
  readonly of: (functionName: string) => RunningCanary | undefined
  /** `caller` is whoever stays with one revision, and sends more of the same. */
  readonly count: (caller: string, response: VariantResponse) => void
  /** Whether one more body of this variant is to be compared with the contract: some of each second. */
  readonly mayCheck: (functionName: string, variant: Variant) => boolean
  /** Whether one more read is to be copied to the canary: some of each second. */
  readonly mayCopy: (functionName: string) => boolean
  /** What became of a read that was to be copied. */
  readonly shadowed: (functionName: string, outcome: ShadowOutcome) => void
}

export interface RunningCanary {
  /** Of the callers, in percent. With 0, reads are copied to it, and no caller gets its answers. */
  readonly share: number
  /** Whether callers may choose by `Ebb-Variant`. */
  readonly byHeader: boolean
  /** The paths of replies that it may answer otherwise. */
  readonly mayDiffer: readonly string[]
}
