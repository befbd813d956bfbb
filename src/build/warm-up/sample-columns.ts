import type * as z from 'zod'
import {
  type EndpointContract,
  emitsOf,
  eventDataSchema,
  type FunctionContract,
  isReceiver,
  toOutput,
  usualReply,
} from '../../contract/index.ts'
import { readTimestamptz } from '../../data/values/times.ts'
import { createRandom } from '../../deploy/sample/random.ts'
import { createSampler, SampleError } from '../../deploy/sample/sampler.ts'

/** A column of one row, as Postgres writes it. */
export interface Column {
  readonly name: string
  /** The oid of its type (pg_type). */
  readonly oid: number
  readonly text: string | null
}

/**
 * The columns of the table that a function reads, as far as its contract shows them: the fields of its reply, or of the items
 * in it, and of its events. Where the contract knows owners or asks the policy, `owner` owns the row.
 */
export function sampleColumns(contract: FunctionContract, { owner }: { readonly owner: string }): readonly Column[] {
  const emitted = Object.values(emitsOf(contract)).map((event) => sample(contract, eventDataSchema(event)))
  const own = sampleOwn(contract)
  const isOwned = contract.kind === 'endpoint' && (contract.access.owner || contract.access.policy)
  const fields = Object.assign({}, ...[...emitted, own].map(fieldsOf), isOwned ? { owner } : {})
  return Object.entries(fields).map(([name, value]) => columnOf(snakeCase(name), value))
}

function sampleOwn(contract: FunctionContract): unknown {
  if (contract.kind === 'endpoint') return replyOf(contract)
  // What an authorizer reads, no contract shows.
  return isReceiver(contract) ? sample(contract, contract.on.data) : undefined
}

function replyOf(contract: EndpointContract): unknown {
  const shown = Object.values(contract.examples ?? {}).find((example) => example.reply !== undefined)
  if (shown) return shown.reply
  const { body } = usualReply(contract)
  return body && sample(contract, body)
}

/** A value that matches the schema; undefined where none can be generated. */
function sample({ name }: FunctionContract, schema: z.ZodType): unknown {
  try {
    return createSampler(toOutput(schema))(createRandom(name))
  } catch (error) {
    if (error instanceof SampleError) return undefined
    throw error
  }
}

/** The fields of a value and of the objects in its lists; of a list, the fields of its first item. */
function fieldsOf(value: unknown): Readonly<Record<string, unknown>> {
  if (Array.isArray(value)) return fieldsOf(value[0])
  if (typeof value !== 'object' || value === null) return {}
  const items = Object.values(value).filter((value) => Array.isArray(value) && Object(value[0]) === value[0])
  return Object.assign({}, ...items.map(fieldsOf), value)
}

const snakeCase = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`)

const INT4_LIMIT = 2 ** 31
const UTC_TIME = /^\d{4}-[-\d]+T[\d:.]+Z$/
const UUID = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

/** The column that the driver reads as this value. */
function columnOf(name: string, value: unknown): Column {
  if (value === null || value === undefined) return { name, oid: 25, text: null }
  if (typeof value === 'boolean') return { name, oid: 16, text: value ? 't' : 'f' }
  if (typeof value === 'object') return { name, oid: 3802, text: JSON.stringify(value) }
  const text = String(value)
  if (typeof value !== 'number') return { name, ...stringColumn(text) }
  return { name, oid: Number.isInteger(value) ? (Math.abs(value) < INT4_LIMIT ? 23 : 20) : 701, text }
}

function stringColumn(text: string): Omit<Column, 'name'> {
  if (UUID.test(text)) return { oid: 2950, text }
  // Only where the driver reads the time as exactly this text.
  const written = text.replace('T', ' ').replace('Z', '+00')
  const isTime = UTC_TIME.test(text) && readTimestamptz(written) === text
  return isTime ? { oid: 1184, text: written } : { oid: 25, text }
}
