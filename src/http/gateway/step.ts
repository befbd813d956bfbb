import type { Problem } from '../../contract/index.ts'
import type { GatewayContext } from './context.ts'

/** A response of the gateway's own. */
export interface Reply {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array | string
  /** Why no function was invoked, where one would have been; a Problem's reason is its code. */
  readonly shortCircuitReason?: string
}

/** With what a step ends a request. */
export type Outcome = Problem | Reply

/** One step of the pipeline: returns an outcome, or throws a Problem, to end the request; or lets it go on. */
export type Step = (context: GatewayContext) => Outcome | undefined | Promise<Outcome | undefined>
