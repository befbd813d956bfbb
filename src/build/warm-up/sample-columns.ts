import type * as z from 'zod'
import { type AnyContract, type EndpointContract, eventDataSchema, toOutput } from '../../contract/index.ts'
import { readTimestamptz } from '../../data/values/times.ts'
import { createRandom } from '../../deploy/sample/random.ts'
import { createSampler, SampleError } from '../../deploy/sample/sampler.ts'

/** A column of one row, as Postgres writes it. */
export interface Column {
  readonly name: string
  /** Of its type (pg_type). */
  readonly oid: number
  readonly text: string | null
}

/**
 * The columns of the table from which a function answers, as far as its contract tells: those of the things in its reply,
 * or of the items in it, and in its events. Where an owner may call, `owner` owns the row.
 */
export function sampleColumns(contract: AnyContract, { owner }: { readonly owner: string }): readonly Column[] {
  const emitted = Object.values(contract.emits ?? {}).map((event) => sample(contract, eventDataSchema(event)))
  const own = contract.kind === 'endpoint' ? replyOf(contract) : sample(contract, contract.on.data)
  const isOwned = contract.kind === 'endpoint' && contract.access.owner
  const fields = Object.assign({}, ...[...emitted, own].map(fieldsOf), isOwned ? { owner } : {})
  return Object.entries(fields).map(([name, value]) => columnOf(snakeCase(name), value))
}

function replyOf(contract: EndpointContract): unknown {
  const { reply, examples = {} } = contract
  const shown = Object.values(examples).find((example) => example.reply !== undefined)
  return shown?.reply ?? ('body' in reply && reply.body ? sample(contract, reply.body) : undefined)
}

/** Something that fits; nothing where nothing can be made up. */
function sample({ name }: AnyContract, schema: z.ZodType): unknown {
  try {
    return createSampler(toOutput(schema))(createRandom(name))
  } catch (fault) {
    if (fault instanceof SampleError) return undefined
    throw fault
  }
}

/** What a row of it holds; of a list, what a row of its items holds. */
function fieldsOf(thing: unknown): Readonly<Record<string, unknown>> {
  if (Array.isArray(thing)) return fieldsOf(thing[0])
  if (typeof thing !== 'object' || thing === null) return {}
  const items = Object.values(thing).filter((value) => Array.isArray(value) && Object(value[0]) === value[0])
  return Object.assign({}, ...items.map(fieldsOf), thing)
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
  // Only a time that is read as the very same text may be one.
  const written = text.replace('T', ' ').replace('Z', '+00')
  const isTime = UTC_TIME.test(text) && readTimestamptz(written) === text
  return isTime ? { oid: 1184, text: written } : { oid: 25, text }
}
