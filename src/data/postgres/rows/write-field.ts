import type { FieldRule, ValueKind } from '../../../contract/index.ts'
import { bool, float4, float8, int2, int4, int8, oid } from '../../values/scalar-types.ts'
import { timestamptz } from '../../values/times.ts'
import type { ValueType } from '../../values/value-type.ts'

/** Where values are copied from and to. */
export interface Target {
  source: Buffer
  out: Buffer
  /** Where the next byte goes. */
  at: number
}

/** Writes the value between two places of the source as JSON; returns false where it is not certain that it fits. */
export type WriteField = (start: number, end: number) => boolean

const QUOTE = 0x22
const BACKSLASH = 0x5c
const SPACE = 0x20
const NINE = 0x39
/** Of a whole number as text: with as many digits it is safe. */
const SAFE_LENGTH = 15

/** Compiles how the values of a column are written; undefined for a type whose text says too little of what is read of it. */
export function createFieldWriter(
  target: Target,
  { fits, minBytes = 0, maxBytes = Infinity, takes }: FieldRule,
  type: ValueType,
): WriteField | undefined {
  const copy = (start: number, end: number): true => {
    const { source, out } = target
    let { at } = target
    for (let i = start; i < end; i++) out[at++] = source[i] ?? 0
    target.at = at
    return true
  }
  const textAt = (start: number, end: number) => target.source.toString('latin1', start, end)
  const quote = (start: number, end: number): true => {
    const { source, out } = target
    let { at } = target
    out[at++] = QUOTE
    for (let i = start; i < end; i++) {
      const byte = source[i] ?? 0
      if (byte < SPACE || byte === QUOTE || byte === BACKSLASH) {
        target.at += out.write(JSON.stringify(source.toString('utf8', start, end)), target.at)
        return true
      }
      out[at++] = byte
    }
    out[at++] = QUOTE
    target.at = at
    return true
  }
  const isCertain = (kind: ValueKind) => fits.includes(kind)

  if (type.read === String) {
    const certain = isCertain('text')
    return (start, end) =>
      ((certain && end - start >= minBytes && end - start <= maxBytes) ||
        takes(target.source.toString('utf8', start, end))) &&
      quote(start, end)
  }
  if (isOneOf(type, int2, int4, int8, oid)) {
    const certain = isCertain('int')
    return (start, end) =>
      end - start <= SAFE_LENGTH && (certain || takes(Number(textAt(start, end)))) && copy(start, end)
  }
  if (isOneOf(type, float4, float8)) {
    const certain = isCertain('number')
    // What is not finite ends with a letter.
    return (start, end) =>
      (target.source[end - 1] ?? NINE + 1) <= NINE && (certain || takes(Number(textAt(start, end)))) && copy(start, end)
  }
  if (isOneOf(type, bool)) {
    const certain = isCertain('boolean')
    const [yes, no] = [certain || takes(true), certain || takes(false)]
    return (start) => {
      const value = target.source[start] === TRUE
      if (!(value ? yes : no)) return false
      target.at += target.out.write(String(value), target.at)
      return true
    }
  }
  if (isOneOf(type, timestamptz)) {
    const certain = isCertain('time')
    return (start, end) => {
      if (certain && isUtc(target.source, start, end)) return writeUtc(target, start, end)
      const text = String(timestamptz.read(textAt(start, end)))
      if (!(certain && text.endsWith('Z')) && !takes(text)) return false
      target.at += target.out.write(JSON.stringify(text), target.at)
      return true
    }
  }
  return undefined
}

const TRUE = 0x74

/** A domain has the methods of the type that it is of. */
const isOneOf = ({ read, write }: ValueType, ...types: readonly ValueType[]) =>
  types.some((type) => type.read === read && type.write === write)

const UTC = '+00'
const UTC_SECONDS_LENGTH = '2026-01-02 03:04:05+00'.length
/** Where the fraction begins, with its point. */
const FRACTION = '2026-01-02 03:04:05'.length
const DATE_LENGTH = '2026-01-02'.length
const FRACTION_LENGTH = 6

/** Whether a timestamptz is one of a year of four digits, written in UTC. */
function isUtc(source: Buffer, start: number, end: number): boolean {
  return (
    end - start >= UTC_SECONDS_LENGTH &&
    source[start + DATE_LENGTH] === SPACE &&
    source[end - 3] === UTC.charCodeAt(0) &&
    source[end - 2] === ZERO &&
    source[end - 1] === ZERO
  )
}

/** Writes it as `sql` reads it: with six digits of the second. */
function writeUtc(target: Target, start: number, end: number): true {
  const { source, out } = target
  let { at } = target
  out[at++] = QUOTE
  for (let i = 0; i < FRACTION; i++) out[at++] = i === DATE_LENGTH ? T : (source[start + i] ?? 0)
  out[at++] = POINT
  for (let i = start + FRACTION + 1; i <= start + FRACTION + FRACTION_LENGTH; i++)
    out[at++] = i < end - UTC.length ? (source[i] ?? 0) : ZERO
  out[at++] = Z
  out[at++] = QUOTE
  target.at = at
  return true
}

const ZERO = 0x30
const POINT = 0x2e
const T = 0x54
const Z = 0x5a
