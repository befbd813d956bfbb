import type { Refuse } from './check-common.ts'
import type { EndpointContract, EndpointShape } from './endpoint-shape.ts'
import { repliesOf } from './reply.ts'

/** Refuses an endpoint whose request or reply is more than arguments and JSON, or whose access the graph cannot keep. */
export function checkShown(part: string, shown: EndpointContract, contract: EndpointShape, refuse: Refuse) {
  const { name, access, params, query } = shown
  const [reply, ...others] = repliesOf(shown)
  refuse(
    others.length > 0 || reply?.headers !== undefined || reply?.cookies !== undefined,
    `\`${part}\` is ${name}, whose reply is not one body of JSON; leave it out`,
  )
  refuse(
    shown.headers !== undefined || shown.cookies !== undefined || shown.conditional !== undefined,
    `\`${part}\` is ${name}, which reads headers of its request, and a field has none; leave it out`,
  )
  for (const argument of Object.keys(params?.shape ?? {}))
    refuse(argument in (query?.shape ?? {}), `\`${part}\` is ${name}, whose path and query both have ${argument}`)
  refuse(access.internal === true, `\`${part}\` is ${name}, which is internal: nobody outside sees it; leave it out`)
  for (const kind of ['authorizer', 'dpop'] as const) {
    const own = contract.access[kind]
    refuse(
      access[kind] !== undefined && access[kind] !== own,
      `\`${part}\` is ${name}, whose \`access.${kind}\` this one does not have; give it the same`,
    )
  }
  refuse(
    shown.tenancy === true && contract.tenancy !== true,
    `\`${part}\` is ${name}, which is for callers of a tenant; add \`tenancy: true\`, or leave it out`,
  )
}
