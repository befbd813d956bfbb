import type { Identity } from '../identity/identity.ts'

/** What of a function to profile, and for how long. */
export interface ProfileRequest {
  readonly kind: 'cpu' | 'heap'
  readonly seconds: number
}

/** At most what every platform lets a request take. */
export const MAX_PROFILE_SECONDS = 30

/** A function of a profile, as the Chrome DevTools Protocol has it: lines and columns count from 0. */
export interface CallFrame {
  readonly functionName: string
  readonly url: string
  readonly lineNumber: number
  readonly columnNumber: number
}

/** `Profiler.Profile`: what DevTools opens as .cpuprofile. */
export interface CpuProfile {
  readonly nodes: readonly {
    readonly id: number
    readonly callFrame: CallFrame
    readonly children?: readonly number[] | undefined
  }[]
  readonly startTime: number
  readonly endTime: number
  /** The ids of nodes, and the microseconds between them. */
  readonly samples?: readonly number[] | undefined
  readonly timeDeltas?: readonly number[] | undefined
}

export interface HeapNode {
  readonly callFrame: CallFrame
  /** The bytes that it has allocated, and that are still there. */
  readonly selfSize: number
  readonly children: readonly HeapNode[]
}

/** `HeapProfiler.SamplingHeapProfile`: what DevTools opens as .heapprofile. */
export interface HeapProfile {
  readonly head: HeapNode
}

export type RecordedProfile =
  | { readonly kind: 'cpu'; readonly profile: CpuProfile }
  | { readonly kind: 'heap'; readonly profile: HeapProfile }

/** The path at which a function with `EBB_PROFILES` is asked. */
export const PROFILE_PATH = '/_/profile'

/** Whom the gateway signs for an operator: no key and no token can make a caller act so. */
export const profilerFor = (actor: string): Omit<Identity, 'iss'> => ({ sub: actor, scopes: [], act: 'profile' })

export const isProfiler = ({ act, iss }: Identity) => act === 'profile' && iss === 'ebb:gateway'

/** What the gateway asks; out of bounds, it is what is nearest. */
export function readProfileRequest(query: URLSearchParams): ProfileRequest {
  const seconds = Math.min(MAX_PROFILE_SECONDS, Math.max(1, Math.floor(Number(query.get('seconds')) || 1)))
  return { kind: query.get('kind') === 'heap' ? 'heap' : 'cpu', seconds }
}
