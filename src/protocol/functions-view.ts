import * as z from 'zod'
import { Problem } from '../contract/index.ts'

/** What is known of one function's instances. */
export interface FunctionStatus {
  readonly name: string
  readonly instances: number
  readonly coldStarts: number
  readonly requests: number
}

/** Finds the status of all functions. Only the laptop's runner tells it: on a cluster, no part of Ebb may ask Kubernetes. */
export type FunctionsView = () => Promise<readonly FunctionStatus[]>

const TIMEOUT_MS = 2_000

/** The view of whatever runs the functions, at `EBB_FUNCTIONS_URL`: the laptop's runner. A Problem 503 where it does not answer. */
export function fetchFunctionsView(url: string): FunctionsView {
  return async () => {
    try {
      const response = await fetch(url, { signal: AbortSignal.timeout(TIMEOUT_MS) })
      return statuses().parse(await response.json())
    } catch (cause) {
      const message = 'The function runtime is not reachable.'
      throw new Problem('unavailable', 503, message, { cause, retryAfterSeconds: 2 })
    }
  }
}

const statuses = () =>
  z.array(z.object({ name: z.string(), instances: z.number(), coldStarts: z.number(), requests: z.number() }))
