import * as z from 'zod'
import {
  type AnyContract,
  checkVersions,
  describeEndpoint,
  describeProxy,
  describeReceive,
  describeSubscriber,
  type EndpointContract,
  emitsOf,
  eventDataSchema,
  type FormFileOptions,
  failureStatuses,
  failuresOf,
  formOf,
  isReceiver,
  itemSchemaOf,
  jsonBodyOf,
  kindsOf,
  type ReceiverContract,
  type Reply,
  type Route,
  repliesOf,
  requireContract,
  type Schedule,
  type Subscription,
  type TextKind,
  toInput,
  toOutput,
  versionOf,
  versionsOf,
  type WebhookEvent,
  webhookEventsOf,
} from '../contract/index.ts'
import type { JsonSchema } from './json-schema.ts'

/** All contracts of one tree as JSON, which does not depend on the zod that they were written with. */
export interface ContractsData {
  readonly endpoints: readonly EndpointData[]
  readonly subscribers: readonly SubscriberData[]
  readonly proxies: readonly Route[]
  /** Where webhooks come in; undefined in what an Ebb of before there were any has written. */
  readonly receivers?: readonly Route[]
  /** The events that customers may have sent to themselves; undefined in what an older Ebb has written. */
  readonly webhookEvents?: readonly WebhookEvent[]
}

/** One endpoint's contract as JSON. */
export interface EndpointData {
  readonly route: Route
  readonly version?: string
  /** Its successes, the usual one first. */
  readonly replies: readonly ReplyData[]
  readonly failures: Readonly<Record<string, number>>
  /** The data of those failures that have some, by code. */
  readonly failureData?: Readonly<Record<string, JsonSchema>>
  /** What may come in, strict at every depth. */
  readonly params?: JsonSchema
  readonly query?: JsonSchema
  readonly headers?: JsonSchema
  readonly cookies?: JsonSchema
  readonly body?: JsonSchema
  readonly bodyRequired: boolean
  /** Of each line of a streamed body. */
  readonly item?: JsonSchema
  /** What its WebSockets speak. */
  readonly subprotocols?: readonly string[]
  /** The texts of a form. */
  readonly fields?: JsonSchema
  /** The files of a form, by name. */
  readonly files?: Readonly<Record<string, FileData>>
  readonly emits: EmitsData
}

/** One file of a form; what an older Ebb has written says neither its types nor its bytes. */
export interface FileData {
  readonly required: boolean
  readonly types?: readonly string[]
  readonly maxBytes?: number
}

/** What a function emits as JSON, by event type. */
export type EmitsData = Readonly<Record<string, EventVersionData>>

/** One version of an event as JSON. */
export interface EventVersionData {
  readonly version: number
  readonly schema: JsonSchema
}

/** One success of an endpoint as JSON. */
export interface ReplyData {
  readonly status: number
  readonly location?: string
  readonly locations?: readonly string[]
  /** Of the body. */
  readonly data?: JsonSchema
  /** Of each item of what is streamed. */
  readonly item?: JsonSchema
  /** Of the headers, and what their texts stand for. */
  readonly headers?: JsonSchema
  readonly headerKinds?: Readonly<Record<string, TextKind | undefined>>
  readonly cookies: readonly string[]
}

/** One subscriber's or schedule's contract as JSON. */
export interface SubscriberData {
  readonly name: string
  readonly version?: string
  readonly on: string
  /** The versions of the event that it reads, its own first, open to what it does not know. */
  readonly reads: readonly EventVersionData[]
  /** How many of them it is called with at once. */
  readonly batch?: Subscription['batch']
  /** When a schedule fires. */
  readonly schedule?: Schedule
  readonly emits: EmitsData
}

/** Describes contracts, by the folders that hold them. Throws a ContractError where one is no contract, or cannot read what another one emits. */
export function contractsData(contracts: Readonly<Record<string, AnyContract>>): ContractsData {
  const all = Object.entries(contracts).map(([folder, contract]) => requireContract(folder, contract))
  checkVersions(all)
  return {
    endpoints: all.flatMap((contract) => (contract.kind === 'endpoint' ? [endpointData(contract)] : [])),
    subscribers: all.flatMap((contract) => (isReceiver(contract) ? [subscriberData(contract)] : [])),
    proxies: all.flatMap((contract) => (contract.kind === 'proxy' ? [describeProxy(contract)] : [])),
    receivers: all.flatMap((contract) => (contract.kind === 'receive' ? [describeReceive(contract)] : [])),
    webhookEvents: webhookEventsOf(all),
  }
}

function endpointData(contract: EndpointContract): EndpointData {
  const { version, upgrade } = contract
  // The messages of a WebSocket change as bodies do.
  const messages = upgrade === true ? {} : upgrade
  const body = messages?.receive ?? jsonBodyOf(contract)
  const form = formOf(contract)
  const item = itemSchemaOf(contract)
  return {
    route: describeEndpoint(contract),
    ...(version === undefined ? {} : { version }),
    replies: repliesOf(contract).map((reply) => replyData(messages?.send ? { ...reply, body: messages.send } : reply)),
    failures: failureStatuses(contract),
    ...failureData(contract),
    ...inputs({ ...contract, body }),
    ...(messages?.subprotocols ? { subprotocols: messages.subprotocols } : {}),
    ...(item ? { item: render(toInput(item), 'input') } : {}),
    ...(form?.fields ? { fields: render(toInput(form.fields), 'input') } : {}),
    ...(form?.files ? { files: mapValues(form.files, fileData) } : {}),
    bodyRequired: body !== undefined && !toInput(body).safeParse(undefined).success,
    emits: emittedBy(contract),
  }
}

const fileData = ({ optional, type, maxBytes }: FormFileOptions): FileData => ({
  ...{ required: !optional, types: [type].flat(), maxBytes },
})

function failureData(contract: EndpointContract): Pick<EndpointData, 'failureData'> {
  const all = Object.entries(failuresOf(contract)).flatMap(([code, { data }]) =>
    data ? [[code, render(toOutput(data), 'output')] as const] : [],
  )
  return all.length > 0 ? { failureData: Object.fromEntries(all) } : {}
}

function replyData({ status, location, locations, body, stream, headers, cookies }: Reply): ReplyData {
  return {
    status,
    ...(location === undefined ? {} : { location }),
    ...(locations === undefined ? {} : { locations }),
    ...(body ? { data: render(toOutput(body), 'output') } : {}),
    ...(stream?.item ? { item: render(toOutput(stream.item), 'output') } : {}),
    ...(headers ? { headers: render(toOutput(headers), 'output'), headerKinds: kindsOf(headers) } : {}),
    cookies: Object.keys(cookies ?? {}),
  }
}

function subscriberData(contract: ReceiverContract): SubscriberData {
  const { name, version, on } = contract
  return {
    ...{ name, on: on.type, emits: emittedBy(contract) },
    reads: versionsOf(on).map((one) => ({ version: versionOf(one), schema: render(toOutput(one.data), 'input') })),
    ...(version === undefined ? {} : { version }),
    ...(contract.kind === 'schedule' ? { schedule: describeSubscriber(contract).schedule } : {}),
    ...('batch' in contract && contract.batch ? { batch: describeSubscriber(contract).batch } : {}),
  }
}

type InputLocation = 'params' | 'query' | 'headers' | 'cookies' | 'body'

function inputs(parts: { readonly [P in InputLocation]?: z.ZodType | undefined }): {
  readonly [P in InputLocation]?: JsonSchema
} {
  const names = ['params', 'query', 'headers', 'cookies', 'body'] as const
  return Object.fromEntries(
    names.flatMap((name) => (parts[name] ? [[name, render(toInput(parts[name]), 'input')]] : [])),
  )
}

const emittedBy = (contract: AnyContract): EmitsData =>
  mapValues(emitsOf(contract), (emitted) => ({
    version: versionOf(emitted),
    schema: render(toOutput(eventDataSchema(emitted)), 'output'),
  }))

function render(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _dialect, ...rendered } = z.toJSONSchema(schema, {
    ...{ io, target: 'draft-2020-12', unrepresentable: 'any' },
  })
  // JsonSchema names what zod writes, only more narrowly than zod's own type.
  return rendered as JsonSchema
}

const mapValues = <From, To>(object: Readonly<Record<string, From>>, map: (value: From) => To) =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, map(value)]))
