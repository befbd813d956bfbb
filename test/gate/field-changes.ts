import * as z from 'zod'
import type { Random } from '../../src/deploy/sample/random.ts'

/** The fields of an object before and after, and whom that breaks. */
export interface FieldChange {
  readonly name: string
  readonly before: z.ZodRawShape
  readonly after: z.ZodRawShape
  /** Who sends it: what they sent is refused, or means something else. */
  readonly callers: boolean
  /** Who reads it: what they read is gone, or not always there. */
  readonly readers: boolean
  /** What callers sent before, where it is refused after: the proof. */
  readonly lost?: Readonly<Record<string, unknown>>
}

/** Changes of fields, of which each is of a type that `random` picks. */
export function fieldChanges(random: Random): readonly FieldChange[] {
  const { type, value } = random.pick(TYPES)
  const whole = { kept: z.string() }
  const sent = { kept: 'x' }
  return [
    {
      ...{ name: 'a required field added', callers: true, readers: false, lost: sent },
      ...{ before: whole, after: { ...whole, size: type } },
    },
    {
      ...{ name: 'an optional field added', callers: false, readers: false },
      ...{ before: whole, after: { ...whole, size: type.optional() } },
    },
    {
      ...{ name: 'a field with a default added', callers: false, readers: false },
      ...{ before: whole, after: { ...whole, size: z.int().default(7) } },
    },
    {
      ...{ name: 'a required field removed', callers: true, readers: true, lost: { ...sent, size: value } },
      ...{ before: { ...whole, size: type }, after: whole },
    },
    {
      ...{ name: 'an optional field removed', callers: true, readers: true, lost: { ...sent, size: value } },
      ...{ before: { ...whole, size: type.optional() }, after: whole },
    },
    {
      ...{ name: 'an optional field required', callers: true, readers: false, lost: sent },
      ...{ before: { ...whole, size: type.optional() }, after: { ...whole, size: type } },
    },
    {
      ...{ name: 'a required field optional', callers: false, readers: true },
      ...{ before: { ...whole, size: type }, after: { ...whole, size: type.optional() } },
    },
    {
      ...{ name: 'a field with a default required', callers: true, readers: false, lost: sent },
      ...{ before: { ...whole, size: z.int().default(7) }, after: { ...whole, size: z.int() } },
    },
    {
      ...{ name: 'a required field with a default', callers: false, readers: false },
      ...{ before: { ...whole, size: z.int() }, after: { ...whole, size: z.int().default(7) } },
    },
    {
      ...{ name: 'another default', callers: true, readers: false },
      ...{ before: { ...whole, size: z.int().default(7) }, after: { ...whole, size: z.int().default(8) } },
    },
    {
      ...{ name: 'a field renamed', callers: true, readers: true, lost: { ...sent, size: value } },
      ...{ before: { ...whole, size: type }, after: { ...whole, length: type } },
    },
    {
      ...{ name: 'fields in another order', callers: false, readers: false },
      ...{ before: { size: type, ...whole }, after: { ...whole, size: type } },
    },
    {
      ...{ name: 'a field described', callers: false, readers: false },
      ...{ before: { ...whole, size: type }, after: { ...whole, size: type.describe('How large it is.') } },
    },
  ]
}

const TYPES = [
  { type: z.string(), value: 'x' },
  { type: z.int(), value: 1 },
  { type: z.boolean(), value: true },
  { type: z.enum(['small', 'large']), value: 'small' },
] as const
