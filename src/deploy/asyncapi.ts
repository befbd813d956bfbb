import type * as z from 'zod'
import {
  type AnyContract,
  describeSubscriber,
  type EventContract,
  emitsOf,
  eventDataSchema,
  toOutput,
  versionedType,
  versionOf,
  versionsOf,
} from '../contract/index.ts'
import { toDraft07 } from './json-schema.ts'
import type { ApiInfo } from './openapi.ts'
import { schemaRenderer } from './openapi-schemas.ts'

type Json = Readonly<Record<string, unknown>>

/** One version of an event, as some contract declares it. */
interface Version {
  readonly type: string
  readonly version: number
  readonly data: z.ZodType
  readonly summary: string | undefined
}

/**
 * Renders what the contracts say of events as an AsyncAPI 3.0 document: a channel for each event, with a message for each of its
 * versions; what an endpoint or a subscriber emits as an operation that sends, and what a subscriber takes as one that receives.
 */
export function asyncapi(contracts: readonly AnyContract[], { title = 'API', version, description }: ApiInfo): Json {
  const versions = distinct(contracts.flatMap((contract) => [...emittedBy(contract), ...readBy(contract)]))
  const schemas: Record<string, Json> = { CloudEvent: CLOUD_EVENT_HEADERS }
  const messages = Object.fromEntries(versions.map((one) => [nameOf(one), renderMessage(one, schemas)]))
  return {
    asyncapi: '3.0.0',
    info: { title, version, ...(description ? { description } : {}), license: LICENSE },
    defaultContentType: 'application/json',
    channels: Object.fromEntries([...Map.groupBy(versions, ({ type }) => type)].map(renderChannel)),
    operations: Object.fromEntries(contracts.flatMap(renderOperations)),
    components: { messages, schemas: Object.fromEntries(Object.entries(schemas).map(toDraft)) },
  }
}

const LICENSE = { name: 'Apache-2.0' }

const nameOf = ({ type, version }: Pick<Version, 'type' | 'version'>) => versionedType(type, version)

function emittedBy(contract: AnyContract): readonly Version[] {
  return Object.entries(emitsOf(contract)).map(([type, emitted]) => ({
    ...{ type, version: versionOf(emitted), data: eventDataSchema(emitted) },
    summary: 'kind' in emitted && emitted.kind === 'event' ? emitted.summary : undefined,
  }))
}

const readBy = (contract: AnyContract): readonly Version[] =>
  contract.kind === 'subscriber' ? versionsOf(contract.on).map(describe) : []

const describe = (event: EventContract): Version => ({
  ...{ type: event.type, version: versionOf(event), data: event.data, summary: event.summary },
})

/** Each version once: as the first contract has it that emits it. */
const distinct = (versions: readonly Version[]): readonly Version[] =>
  [...Map.groupBy(versions, nameOf)].flatMap(([, [first]]) => first ?? []).toSorted(byTypeAndVersion)

const byTypeAndVersion = (a: Version, b: Version) => a.type.localeCompare(b.type, 'en') || a.version - b.version

function renderChannel([type, versions]: readonly [string, readonly Version[]]): readonly [string, Json] {
  const summary = versions.findLast((one) => one.summary !== undefined)?.summary
  const messages = versions.map((one) => [nameOf(one), { $ref: `#/components/messages/${nameOf(one)}` }])
  return [type, { address: type, ...(summary ? { summary } : {}), messages: Object.fromEntries(messages) }]
}

function renderMessage(one: Version, schemas: Record<string, Json>): Json {
  const name = nameOf(one)
  const payload = schemaRenderer(name, schemas)(toOutput(one.data), 'output')
  return {
    ...{ name, title: `${one.type}, version ${one.version}`, contentType: 'application/json' },
    ...(one.summary ? { summary: one.summary } : {}),
    headers: {
      type: 'object',
      properties: { 'ce-type': { const: name } },
      allOf: [{ $ref: '#/components/schemas/CloudEvent' }],
    },
    payload: toDraft07(payload),
  }
}

function renderOperations(contract: AnyContract): readonly (readonly [string, Json])[] {
  const { name, summary } = contract
  const operation = (action: 'send' | 'receive', type: string, versions: readonly Version[]): Json => ({
    ...{ action, title: name, summary, channel: { $ref: `#/channels/${type}` } },
    messages: versions.map((one) => ({ $ref: `#/channels/${type}/messages/${nameOf(one)}` })),
  })
  const sent = emittedBy(contract).map(
    (one) => [`${name}.send.${one.type}`, operation('send', one.type, [one])] as const,
  )
  if (contract.kind !== 'subscriber') return sent
  const { type } = contract.on
  const { batch } = describeSubscriber(contract)
  const received = { ...operation('receive', type, readBy(contract)), ...(batch ? { 'x-ebb-batch': batch } : {}) }
  return [...sent, [`${name}.receive.${type}`, received]]
}

const toDraft = ([name, schema]: readonly [string, Json]) => [name, toDraft07(schema)] as const

const header = (description: string, more: Json = {}): Json => ({ type: 'string', description, ...more })

/** The attributes of every event in binary mode: what has other characters than visible ASCII is percent-encoded. */
const CLOUD_EVENT_HEADERS: Json = {
  type: 'object',
  required: ['ce-specversion', 'ce-id', 'ce-source', 'ce-type', 'ce-time'],
  properties: {
    'ce-specversion': { const: '1.0' },
    'ce-id': header('The same for each delivery: with the source, what tells a redelivery.'),
    'ce-source': header('The function that has emitted it, such as `/functions/create-user`.', {
      format: 'uri-reference',
    }),
    'ce-type': header('The event, with its version after the first: `user.created.v2`.'),
    'ce-time': header('When it was emitted.', { format: 'date-time' }),
    'ce-subject': header('What it is about, where its emitter said so.'),
    'ce-correlationid': header('The correlation id of the request that it came from.'),
    'ce-traceparent': header('The W3C trace context of its emitter.'),
    'ce-callerid': header('Whose request it came from: information, never authority.'),
    'ce-tenant': header('The tenant of that caller, where there is one.'),
    'ce-partitionkey': header('The partition within which it keeps its order, where it has one.'),
    'ce-ebbattempt': header('How often it has been delivered, this time included.'),
    'ce-ebbhops': header('How many events have led to this one.'),
  },
}
