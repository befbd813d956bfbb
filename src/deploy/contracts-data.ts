import * as z from 'zod'
import {
  type AnyContract,
  describeEndpoint,
  describeProxy,
  type EndpointContract,
  emitsOf,
  eventDataSchema,
  formOf,
  jsonBodyOf,
  type Route,
  requireContract,
  type SubscriberContract,
  toInput,
  toOutput,
} from '../contract/index.ts'
import type { JsonSchema } from './json-schema.ts'

/** All contracts of one tree as JSON, which does not depend on the zod that they were written with. */
export interface ContractsData {
  readonly endpoints: readonly EndpointData[]
  readonly subscribers: readonly SubscriberData[]
  readonly proxies: readonly Route[]
}

/** One endpoint's contract as JSON. */
export interface EndpointData {
  readonly route: Route
  readonly version?: string
  readonly status: number
  readonly location?: string
  readonly failures: Readonly<Record<string, number>>
  /** What may come in, strict at every depth. */
  readonly params?: JsonSchema
  readonly query?: JsonSchema
  readonly headers?: JsonSchema
  readonly body?: JsonSchema
  readonly bodyRequired: boolean
  /** The texts of a form. */
  readonly fields?: JsonSchema
  /** The files of a form, by name. */
  readonly files?: Readonly<Record<string, { readonly required: boolean }>>
  /** What goes out. */
  readonly data?: JsonSchema
  /** Each item of what is streamed. */
  readonly item?: JsonSchema
  readonly emits: Readonly<Record<string, JsonSchema>>
}

/** One subscriber's contract as JSON. */
export interface SubscriberData {
  readonly name: string
  readonly version?: string
  readonly on: string
  /** What it takes in, open to what it does not know. */
  readonly takes: JsonSchema
  readonly emits: Readonly<Record<string, JsonSchema>>
}

/** Describes contracts, by the folders that hold them. Throws a ContractError where one is no contract. */
export function contractsData(contracts: Readonly<Record<string, AnyContract>>): ContractsData {
  const all = Object.entries(contracts).map(([folder, contract]) => requireContract(folder, contract))
  return {
    endpoints: all.flatMap((contract) => (contract.kind === 'endpoint' ? [endpointData(contract)] : [])),
    subscribers: all.flatMap((contract) => (contract.kind === 'subscriber' ? [subscriberData(contract)] : [])),
    proxies: all.flatMap((contract) => (contract.kind === 'proxy' ? [describeProxy(contract)] : [])),
  }
}

function endpointData(contract: EndpointContract): EndpointData {
  const { reply, failures = {}, version, upgrade } = contract
  // The messages of a WebSocket change as bodies do.
  const messages = upgrade === true ? {} : upgrade
  const body = messages?.receive ?? jsonBodyOf(contract)
  const data = messages?.send ?? reply.body
  const form = formOf(contract)
  return {
    route: describeEndpoint(contract),
    ...(version === undefined ? {} : { version }),
    status: reply.status,
    ...(reply.location ? { location: reply.location } : {}),
    failures,
    ...inputs({ ...contract, body }),
    ...(form?.fields ? { fields: render(toInput(form.fields), 'input') } : {}),
    ...(form?.files ? { files: mapValues(form.files, ({ optional }) => ({ required: !optional })) } : {}),
    bodyRequired: body !== undefined && !toInput(body).safeParse(undefined).success,
    ...(data ? { data: render(toOutput(data), 'output') } : {}),
    ...(reply.stream?.item ? { item: render(toOutput(reply.stream.item), 'output') } : {}),
    emits: emittedBy(contract),
  }
}

function subscriberData(contract: SubscriberContract): SubscriberData {
  const { name, version, on } = contract
  return {
    ...{ name, on: on.type, takes: render(toOutput(on.data), 'input'), emits: emittedBy(contract) },
    ...(version === undefined ? {} : { version }),
  }
}

type InputLocation = 'params' | 'query' | 'headers' | 'body'

function inputs(parts: { readonly [P in InputLocation]?: z.ZodType | undefined }): {
  readonly [P in InputLocation]?: JsonSchema
} {
  const names = ['params', 'query', 'headers', 'body'] as const
  return Object.fromEntries(
    names.flatMap((name) => (parts[name] ? [[name, render(toInput(parts[name]), 'input')]] : [])),
  )
}

const emittedBy = (contract: AnyContract) =>
  Object.fromEntries(
    Object.entries(emitsOf(contract)).map(([type, emitted]) => [
      type,
      render(toOutput(eventDataSchema(emitted)), 'output'),
    ]),
  )

function render(schema: z.ZodType, io: 'input' | 'output'): JsonSchema {
  const { $schema: _dialect, ...rendered } = z.toJSONSchema(schema, {
    ...{ io, target: 'draft-2020-12', unrepresentable: 'any' },
  })
  // JsonSchema names what zod writes, only more narrowly than zod's own type.
  return rendered as JsonSchema
}

const mapValues = <From, To>(object: Readonly<Record<string, From>>, map: (value: From) => To) =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, map(value)]))
