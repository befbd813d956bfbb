import type { IncomingMessage } from 'node:http'

/** What only the code that serves a request knows of it. */
export interface RequestFacts {
  /** The path's template, as in the contract. */
  readonly route: string
  /** What wakes the function; none where there is no function. */
  readonly trigger?: 'http' | 'pubsub'
}

const FACTS = Symbol('ebb.request-facts')

type Described = IncomingMessage & { [FACTS]?: RequestFacts }

/** Tells what a request is, for its span and its metrics. */
export function describeRequest(request: IncomingMessage, facts: RequestFacts): void {
  const described: Described = request
  described[FACTS] = facts
}

export const factsOf = (request: IncomingMessage): RequestFacts | undefined => (request as Described)[FACTS]
