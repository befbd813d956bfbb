import { ValueFault } from './value-fault.ts'
import type { ValueType } from './value-type.ts'

export const int2 = wholeType('int2', -(2 ** 15), 2 ** 15 - 1)
export const int4 = wholeType('int4', -(2 ** 31), 2 ** 31 - 1)
export const oid = wholeType('oid', 0, 2 ** 32 - 1)

/** A number where it is one to the last digit; beyond, a bigint or a string goes in, and text comes out on request. */
export const int8: ValueType = {
  name: 'int8',
  takes: 'a whole number that is safe in JavaScript, a bigint of 64 bits or a string',
  read: (text) => {
    const value = Number(text)
    if (Number.isSafeInteger(value)) return value
    throw new ValueFault(`${text} is too large for a number; select it as text`)
  },
  write: (value) => {
    if (typeof value === 'bigint') return BigInt.asIntN(64, value) === value ? String(value) : undefined
    return Number.isSafeInteger(value) || typeof value === 'string' ? String(value) : undefined
  },
}

/** Comes out as text: a number would lose digits. */
export const numeric: ValueType = {
  name: 'numeric',
  takes: 'a number, a bigint or a string',
  read: String,
  write: (value) => (isNumberLike(value) ? String(value) : undefined),
}

export const float8 = floatType('float8', (value) => value)
/** Rounded as the type says: what comes out is the shortest number that is this float4. */
export const float4 = floatType('float4', Math.fround)

function wholeType(name: string, min: number, max: number): ValueType {
  return {
    name,
    takes: `a whole number from ${min} to ${max} or a string`,
    read: Number,
    write: (value) => {
      if (typeof value === 'string') return value
      const isWhole = typeof value === 'bigint' || Number.isInteger(value)
      return isWhole && Number(value) >= min && Number(value) <= max ? String(value) : undefined
    },
  }
}

function floatType(name: string, round: (value: number) => number): ValueType {
  return {
    name,
    takes: `a number in the range of ${name} or a string`,
    read: Number,
    write: (value) => {
      if (typeof value === 'bigint') return BigInt(round(toFinite(value))) === value ? String(value) : undefined
      if (typeof value !== 'number') return typeof value === 'string' ? value : undefined
      const rounded = round(value)
      const isOutside =
        (Math.abs(rounded) === Infinity && Math.abs(value) !== Infinity) || (rounded === 0 && value !== 0)
      if (isOutside) return undefined
      return Object.is(value, -0) ? '-0' : String(value)
    },
  }
}

/** Beyond a double: nothing that a float holds exactly. */
const toFinite = (value: bigint) => Math.min(Math.max(Number(value), -Number.MAX_VALUE), Number.MAX_VALUE)

const isNumberLike = (value: unknown) => ['number', 'bigint', 'string'].includes(typeof value)
