import { ValueFault } from './value-fault.ts'
import { textType, type ValueType } from './value-type.ts'

export const bool: ValueType = {
  name: 'bool',
  takes: 'true, false or a string',
  read: (text) => text === 't',
  write: (value) => (typeof value === 'boolean' || typeof value === 'string' ? String(value) : undefined),
}

export const bytea: ValueType = {
  name: 'bytea',
  takes: 'a Buffer or a Uint8Array',
  read: (text) => {
    if (text.startsWith('\\x')) return Buffer.from(text.slice(2), 'hex')
    throw new ValueFault('it is not written in bytea_output hex; set that for this role or server')
  },
  write: (value) =>
    value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : undefined,
}

/** A row of no type that has a name: Postgres writes such a one, and reads none. */
export const record: ValueType = {
  ...textType('record'),
  takes: 'no value as it is: cast it to the type of the row, as in …::address',
  write: () => undefined,
}

/** What a function without a result gives. */
export const nothing: ValueType = textType('void')
