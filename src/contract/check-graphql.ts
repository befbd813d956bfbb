import { checkKeys, type Refuse } from './check-common.ts'
import { checkMutation } from './check-mutation.ts'
import { checkShown } from './check-shown.ts'
import { checkSubscription } from './check-subscription.ts'
import type { EndpointContract, EndpointShape } from './endpoint-shape.ts'
import type { GraphqlPart } from './graphql/graphql-part.ts'
import type { GraphqlFields, GraphqlShape } from './graphql/graphql-shape.ts'
import { repliesOf } from './reply.ts'

const KEYS = ['schema', 'query', 'links', 'mutation', 'subscription', 'depth', 'cost', 'introspection', 'persisted']
const LINK_KEYS = ['to', 'by']
const PERSISTED_KEYS = ['documents', 'only']
const ID = /^[\w.:-]{1,128}$/
const MAX_DEPTH = 50
const MAX_COST = 100_000
const MAX_DOCUMENT_LENGTH = 64 * 1024

/** Refuses a GraphQL endpoint with limits that are none, or with endpoints that it could not show as they are. */
export function checkGraphql({ graphql, ...contract }: EndpointShape, refuse: Refuse) {
  if (graphql === undefined) return
  checkKeys(graphql, KEYS, refuse)
  const { depth, cost, introspection, persisted } = graphql
  // What they hold is looked at one by one.
  const { query, links } = graphql as GraphqlPart<GraphqlFields, NonNullable<GraphqlShape['links']>>
  refuse(Object.keys(query).length === 0, '`query` names no endpoint; give it the contract of one')
  refuse(!isWithin(depth, MAX_DEPTH), `\`depth\` must be 1 to ${MAX_DEPTH}`)
  refuse(!isWithin(cost, MAX_COST), `\`cost\` must be 1 to ${MAX_COST}`)
  refuse(
    typeof introspection !== 'boolean',
    '`introspection` is true; leave it out where nobody may ask for the schema',
  )
  checkPersisted(persisted, refuse)
  for (const [field, endpoint] of Object.entries(query)) checkLookedUp(`query.${field}`, endpoint, contract, refuse)
  checkMutation(graphql.mutation, contract, refuse)
  checkSubscription(graphql.subscription, contract, refuse)
  for (const [type, fields] of Object.entries(links)) {
    for (const [field, link] of Object.entries(fields)) {
      const part = `links.${type}.${field}`
      checkKeys(link, LINK_KEYS, refuse)
      checkLookedUp(`${part}.to`, link.to, contract, refuse)
      refuse(
        typeof link.by !== 'object' || link.by === null || Object.keys(link.by).length === 0,
        `\`${part}.by\` says by which property the link goes, such as { sku: 'sku' }`,
      )
    }
  }
}

const isWithin = (value: number, max: number) => Number.isInteger(value) && value >= 1 && value <= max

function checkPersisted(persisted: GraphqlPart['persisted'], refuse: Refuse) {
  refuse(typeof persisted !== 'object' || persisted === null, '`persisted` is { documents, only? }')
  checkKeys(persisted, PERSISTED_KEYS, refuse)
  const { documents, only } = persisted
  refuse(only !== undefined && only !== true, '`persisted.only` can only be true')
  refuse(only === true && Object.keys(documents).length === 0, '`persisted.only` without any document lets nobody ask')
  for (const [id, text] of Object.entries(documents)) {
    refuse(!ID.test(id), `the persisted operation "${id}" needs an id of 1 to 128 letters, digits and . _ : -`)
    refuse(
      typeof text !== 'string' || text.length > MAX_DOCUMENT_LENGTH,
      `the persisted operation "${id}" must be a text of at most ${MAX_DOCUMENT_LENGTH} characters`,
    )
  }
}

function checkLookedUp(part: string, shown: EndpointContract, contract: EndpointShape, refuse: Refuse) {
  refuse(shown?.kind !== 'endpoint', `\`${part}\` must be the contract of an endpoint`)
  const { name, method, access } = shown
  refuse(method !== 'GET', `\`${part}\` is ${name}, a ${method}; a query shows the replies of GETs`)
  refuse(
    repliesOf(shown)[0]?.body === undefined,
    `\`${part}\` is ${name}, whose reply is not one body of JSON; leave it out`,
  )
  checkShown(part, shown, contract, refuse)
  refuse(access.policy === true, `\`${part}\` is ${name}, which asks the policy about each request; leave it out`)
}
