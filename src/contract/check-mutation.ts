import type { Refuse } from './check-common.ts'
import { findUncallable } from './check-internal.ts'
import { checkShown } from './check-shown.ts'
import type { EndpointShape } from './endpoint-shape.ts'
import type { GraphqlFields } from './graphql/graphql-shape.ts'

/** Refuses what writes but cannot be repeated, or not be called by a function, or is limited by what a field is none of. */
export function checkMutation(mutation: unknown, contract: EndpointShape, refuse: Refuse) {
  if (mutation === undefined) return
  // What it holds is looked at one by one.
  const fields = Object.entries(mutation as GraphqlFields)
  refuse(fields.length === 0, '`mutation` names no endpoint; leave it out where nobody writes')
  for (const [field, endpoint] of fields) {
    const part = `mutation.${field}`
    refuse(endpoint?.kind !== 'endpoint', `\`${part}\` must be the contract of an endpoint`)
    const { name, method, reads, idempotent, calls, limit, params, query, body } = endpoint
    refuse(
      method === 'GET' || reads === true,
      `\`${part}\` is ${name}, which only reads; move it to \`query\`, where it is a GET`,
    )
    refuse(
      idempotent !== true,
      `\`${part}\` is ${name}, which would write again with each repetition; add \`idempotent: true\` to it`,
    )
    refuse(
      calls !== undefined,
      `\`${part}\` is ${name}, which calls ${calls?.join(' and ')} in turn: what it is called with is good for itself alone; leave it out`,
    )
    refuse(
      limit !== undefined,
      `\`${part}\` is ${name}, whose \`limit\` counts its own requests, and a field is none; leave it out`,
    )
    const issue = findUncallable(endpoint)
    refuse(issue !== undefined, `\`${part}\` is ${name}: ${issue}, which no field can call; leave it out`)
    refuse(
      body !== undefined && 'input' in { ...params?.shape, ...query?.shape },
      `\`${part}\` is ${name}, which has a parameter \`input\`, as its body is called here; rename the parameter`,
    )
    checkShown(part, endpoint, contract, refuse)
  }
}
