import { describe, expect, it } from '@jest/globals'
import * as z from 'zod'
import { toInput } from './strict-schema.ts'
import { toOutput } from './strip-schema.ts'

const Iban = z.object({ iban: z.string() })
const Swift = z.object({ iban: z.string(), bic: z.string() })
const both = { iban: 'DE1', bic: 'X' }

describe('a union of objects takes the same option in both directions', () => {
  it.each<[string, z.ZodType, unknown]>([
    ['of objects', z.union([Iban, Swift]), both],
    ['of objects, the other way round', z.union([Swift, Iban]), both],
    ['one of two', z.xor([Iban, Swift]), both],
    ['within an object', z.object({ to: z.union([Iban, Swift]).optional() }), { to: both }],
    ['within a union', z.union([z.string(), z.union([Iban, Swift])]), both],
    ['of arrays', z.union([z.array(Iban), z.array(Swift)]), [both]],
    ['of records', z.union([z.record(z.string(), Iban), z.record(z.string(), Swift)]), { a: both }],
    ['of tuples', z.union([z.tuple([Iban]), z.tuple([Swift])]), [both]],
    ['in what may be null', z.union([Iban.nullable(), Swift.nullable()]), both],
    ['that contains itself', z.lazy(() => z.union([Iban, Swift])), both],
    ['with one name in common', z.union([z.object({ a: Iban }), z.object({ a: Swift })]), { a: both }],
    ['with a check', z.union([Iban, Swift]).refine((it) => Object.keys(it).length === 2), both],
  ])('%s', (_, schema, value) => {
    expect(toInput(schema).parse(value)).toEqual(value)
    expect(toOutput(schema).parse(value)).toEqual(value)
    // What the database or a producer adds is stripped, and nothing else.
    const more = JSON.parse(JSON.stringify(value).replaceAll('"X"', '"X","created_at":"now"'))
    if (!(schema instanceof z.ZodXor)) expect(toOutput(schema).parse(more)).toEqual(value)
  })

  it('and goes by the discriminator where there is one', () => {
    const schema = z.discriminatedUnion('by', [
      Iban.extend({ by: z.literal('iban') }),
      Swift.extend({ by: z.literal('swift') }),
    ])
    expect(toOutput(schema).parse({ by: 'iban', ...both })).toEqual({ by: 'iban', iban: 'DE1' })
  })

  it('and refuses what fits no option', () => {
    expect(toOutput(z.union([Iban, Swift])).safeParse({ bic: 'X' }).success).toBe(false)
  })
})
