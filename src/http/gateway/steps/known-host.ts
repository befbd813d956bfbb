import { Problem } from '../../../contract/index.ts'
import { mayBeCalled, unknownHost } from '../may-be-called.ts'
import type { Step } from '../pipeline.ts'

/** Answers to its own names only, where they are known. */
export function knownHost(hosts: readonly string[]): Step {
  const isOurs = mayBeCalled(hosts)
  return function knownHost({ headers, answerHeaders }) {
    const host = headers.host?.[0]
    if (isOurs(host)) return undefined
    delete answerHeaders['access-control-allow-origin']
    return new Problem('forbidden', 403, unknownHost(host))
  }
}
