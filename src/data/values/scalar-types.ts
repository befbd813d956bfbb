import { textType, ValueError, type ValueType } from './value-type.ts'

/** How values of `bool` are read and written. */
export const bool: ValueType = {
  name: 'bool',
  accepts: 'true, false or a string',
  read: (text) => text === 't',
  write: (value) => (typeof value === 'boolean' || typeof value === 'string' ? String(value) : undefined),
}

/** How values of `bytea` are read and written: as bytes. */
export const bytea: ValueType = {
  name: 'bytea',
  accepts: 'a Buffer or a Uint8Array',
  read: (text) => {
    if (text.startsWith('\\x')) return Buffer.from(text.slice(2), 'hex')
    throw new ValueError('it is not written in bytea_output hex; set that for this role or server')
  },
  write: (value) =>
    value instanceof Uint8Array ? Buffer.from(value.buffer, value.byteOffset, value.byteLength) : undefined,
}

/** A row of an anonymous type: Postgres writes such rows, and reads none. */
export const record: ValueType = {
  ...textType('record'),
  accepts: 'no value as it is: cast it to the type of the row, as in …::address',
  write: () => undefined,
}

/** The result of a function that returns nothing. */
export const voidType: ValueType = textType('void')

/** How values of `int2` are read and written. */
export const int2 = wholeType('int2', -(2 ** 15), 2 ** 15 - 1)
/** How values of `int4` are read and written. */
export const int4 = wholeType('int4', -(2 ** 31), 2 ** 31 - 1)
/** How values of `oid` are read and written. */
export const oid = wholeType('oid', 0, 2 ** 32 - 1)

/** Read as a number where that holds all digits. Beyond, write a bigint or a string, and select it as text. */
export const int8: ValueType = {
  name: 'int8',
  accepts: 'a whole number that is safe in JavaScript, a bigint of 64 bits or a string',
  read: (text) => {
    const value = Number(text)
    if (Number.isSafeInteger(value)) return value
    throw new ValueError('it is too large for a number; select it as text')
  },
  write: (value) => {
    if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value ? String(value) : undefined
    return Number.isSafeInteger(value) || typeof value === 'string' ? String(value) : undefined
  },
}

/** Read as text: a number would lose digits. */
export const numeric: ValueType = {
  name: 'numeric',
  accepts: 'a number, a bigint or a string',
  read: String,
  write: (value) => (isNumberLike(value) ? String(value) : undefined),
}

/** How values of `float8` are read and written. */
export const float8 = floatType('float8', (value) => value)
/** Accepts only a number that is read again as it is: Postgres writes the shortest decimal that identifies the float4. */
export const float4 = floatType('float4', shortestFloat4)

function wholeType(name: string, min: number, max: number): ValueType {
  return {
    name,
    accepts: `a whole number from ${min} to ${max} or a string`,
    read: Number,
    write: (value) => {
      if (typeof value === 'string') return value
      const isWhole = typeof value === 'bigint' || Number.isInteger(value)
      return isWhole && Number(value) >= min && Number(value) <= max ? String(value) : undefined
    },
  }
}

function floatType(name: string, read: (value: number) => number): ValueType {
  return {
    name,
    accepts: `a number that ${name} holds to the last digit or a string, which Postgres rounds`,
    read: Number,
    write: (value) => {
      if (typeof value === 'string') return value
      if (typeof value === 'bigint')
        return isSafe(value) && read(Number(value)) === Number(value) ? String(value) : undefined
      if (typeof value !== 'number' || !(read(value) === value || Number.isNaN(value))) return undefined
      return Object.is(value, -0) ? '-0' : String(value)
    },
  }
}

const isSafe = (value: bigint) => BigInt.asIntN(54, value) === value

const MAX_FLOAT4_DIGITS = 9

function shortestFloat4(value: number): number {
  const float4 = Math.fround(value)
  for (let digits = 1; digits < MAX_FLOAT4_DIGITS; digits++) {
    const short = Number(float4.toPrecision(digits))
    if (Math.fround(short) === float4) return short
  }
  return Number(float4.toPrecision(MAX_FLOAT4_DIGITS))
}

const isNumberLike = (value: unknown) => ['number', 'bigint', 'string'].includes(typeof value)
