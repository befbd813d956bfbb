import type { Refuse } from './check-common.ts'
import type { EndpointShape } from './endpoint-shape.ts'

/** What the gateway does for a route, by what it would be for: it has no route to an internal endpoint. */
const AT_THE_GATEWAY = {
  limit: 'counts the requests of callers',
  priority: 'orders the requests of callers',
  cache: 'keeps replies',
  async: 'stores the requests of callers who do not wait',
  tool: 'shows it to agents',
  cookies: 'is for browsers',
  upgrade: 'is for WebSockets',
  graphql: 'is checked by the gateway',
  objective: 'is measured by the gateway',
  deprecated: 'is told to callers by the gateway',
} as const

/** Refuses an internal endpoint with parts that only the gateway acts on, or that another function could not call. */
export function checkInternal(contract: EndpointShape, refuse: Refuse) {
  const { access, calls } = contract
  const { internal, anonymous, authorizer, dpop } = access
  if (internal === undefined) return
  refuse(internal !== true, '`access.internal` can only be true; leave it out where callers come from outside')
  for (const [part, given] of Object.entries({ anonymous, authorizer, dpop }))
    refuse(
      given !== undefined,
      `\`internal\` is for calls of other functions, whose callers are known; drop \`${part}\` or \`internal\``,
    )
  for (const [part, does] of Object.entries(AT_THE_GATEWAY))
    refuse(
      contract[part as keyof typeof AT_THE_GATEWAY] !== undefined,
      `\`${part}\` ${does}, and there is no way from outside to an internal endpoint; drop \`${part}\` or \`internal\``,
    )
  const issue = findUncallable(contract)
  refuse(issue !== undefined, `${issue}, which no function can call; drop it or \`internal\``)
  refuse(
    calls !== undefined,
    'an internal endpoint calls no other: what it is called with is good for itself alone; let its caller call both',
  )
}

/** What keeps other functions from calling an endpoint; undefined where nothing does. */
export function findUncallable({ body, reply, upgrade, graphql }: EndpointShape): string | undefined {
  if (upgrade) return 'it has WebSockets'
  if (graphql) return 'it is a graphql()'
  if (body && 'kind' in body && (body.kind === 'stream' || body.kind === 'form')) return `its body is a ${body.kind}()`
  if ([reply].flat().some((one) => one?.stream !== undefined)) return 'its reply is streamed'
  return undefined
}
