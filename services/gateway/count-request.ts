import type { CompletedRequest } from 'ebb/http/gateway'
import type { CallRecorder } from '../../src/data/cost/call-recorder.ts'

/** Counts a request for `ebb cost`, where its route is one of the contracts'. */
export function countRequest(recorder: Pick<CallRecorder, 'count' | 'asked'>, request: CompletedRequest): void {
  const { name, plan, tenant, invoked, deferred, cold = false, seconds, waitSeconds, bytes = 0, resource } = request
  if (name === undefined) return
  recorder.count({ route: name, plan, tenant, called: invoked !== undefined, deferred, cold, waitSeconds, bytes })
  if (resource !== undefined) recorder.asked(name, resource, seconds * 1_000)
}
