import type * as z from 'zod'
import { checkKeys, type Refuse } from './check-common.ts'
import { isAlwaysText } from './check-webhook.ts'
import type { EndpointShape } from './endpoint-shape.ts'
import type { GraphqlSubscription, GraphqlSubscriptions } from './graphql/graphql-subscription.ts'
import { withoutWrappers } from './graphql/read-schema.ts'
import { defOf } from './schema/schema-def.ts'

const KEYS = ['on', 'owner', 'tenant', 'anyone', 'scopes', 'by']
const MAX_FIELDS = 20

/** Refuses events that would go to those whose they are not, or that nobody could select from or ask for. */
export function checkSubscription(subscription: unknown, contract: EndpointShape, refuse: Refuse) {
  if (subscription === undefined) return
  // What it holds is looked at one by one.
  const fields = Object.entries(subscription as GraphqlSubscriptions)
  refuse(fields.length === 0, '`subscription` names no event; leave it out where nobody follows any')
  refuse(fields.length > MAX_FIELDS, `\`subscription\` has at most ${MAX_FIELDS} fields, and not ${fields.length}`)
  const { objective } = contract
  refuse(
    Object(objective).latencyMs !== undefined,
    'who follows events stays as long as they want; drop `objective.latencyMs`, or `subscription`',
  )
  for (const [field, followed] of fields) checkFollowed(`subscription.${field}`, followed, refuse)
}

function checkFollowed(part: string, followed: GraphqlSubscription, refuse: Refuse) {
  refuse(Object(followed) !== followed, `\`${part}\` is { on, … }, with an event() as \`on\``)
  checkKeys(followed, KEYS, refuse)
  const { on, owner, tenant, anyone, scopes = [], by = [] } = followed
  refuse(on?.kind !== 'event', `\`${part}.on\` must be an event()`)
  const { type, data } = on
  const shape = defOf(withoutWrappers(data)).shape
  refuse(shape === undefined, `\`${part}.on\` is ${type}, whose data are no object; leave it out`)
  refuse(
    [owner, tenant, anyone].filter((one) => one !== undefined).length !== 1,
    `\`${part}\` must say whose event it is: \`owner\`, the field of its data with the subject, or \`tenant: true\`, or \`anyone: true\``,
  )
  refuse(tenant !== undefined && tenant !== true, `\`${part}.tenant\` can only be true`)
  refuse(anyone !== undefined && anyone !== true, `\`${part}.anyone\` can only be true`)
  refuse(
    owner !== undefined && !isAlwaysText(shape?.[owner]),
    `\`${part}.owner\` is "${owner}", which must be a field of its data that is always there, and a text`,
  )
  refuse(
    !Array.isArray(scopes) || scopes.some((scope) => typeof scope !== 'string' || scope === ''),
    `\`${part}.scopes\` names scopes, none of them empty`,
  )
  refuse(!Array.isArray(by), `\`${part}.by\` names fields of its data, such as ['sku']`)
  refuse(
    owner !== undefined && by.includes(owner),
    `\`${part}.by\` has "${owner}", which is its owner already; leave it out`,
  )
  for (const one of by)
    refuse(
      !isComparable(shape?.[one]),
      `\`${part}.by\` has "${one}", which must be a field of its data, and a text, a number or a boolean`,
    )
}

const isComparable = (schema: z.ZodType | undefined) =>
  schema !== undefined && COMPARABLE.has(defOf(withoutWrappers(schema)).type)

const COMPARABLE: ReadonlySet<string> = /* @__PURE__ */ new Set(
  'string template_literal enum literal number int boolean'.split(' '),
)
