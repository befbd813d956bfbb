import { Problem } from 'ebb/contract'
import type { FunctionsView } from 'ebb/protocol'
import * as z from 'zod'

const LIMIT_MS = 2_000
const Statuses = z.array(
  z.object({ name: z.string(), instances: z.number(), coldStarts: z.number(), requests: z.number() }),
)

/** Asks whoever runs the functions, at `EBB_FUNCTIONS_URL`: the laptop's runner. */
export function createFunctionsClient(url: string): FunctionsView {
  return async () => {
    try {
      const answer = await fetch(url, { signal: AbortSignal.timeout(LIMIT_MS) })
      return Statuses.parse(await answer.json())
    } catch (cause) {
      throw new Problem('unavailable', 503, 'Who runs the functions does not answer.', { cause, retryAfterSeconds: 2 })
    }
  }
}
