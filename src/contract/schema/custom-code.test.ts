import { describe, expect, it } from '@jest/globals'
import { endpoint, event } from 'ebb/contract'
import * as z from 'zod'
import { createEventValidator, createValidator } from '../index.ts'

const parts = {
  name: 'check-text',
  summary: 'Checks a text.',
  method: 'POST',
  path: '/v1/texts',
  reply: { status: 204 },
  access: {},
} as const

const slow = async () => true
/** Returns a promise for a text only, so that nothing shows it before one comes. */
const sometimes = (text: string) => (text.length > 0 ? Promise.reject(new Error('late')) : true) as boolean
const fails = () => {
  throw new RangeError('out of reach')
}

describe('what takes time is refused when the contract loads', () => {
  it.each<[string, z.ZodType]>([
    ['refine', z.string().refine(slow)],
    ['superRefine', z.string().superRefine(async () => {})],
    ['check', z.number().check(async () => {})],
    ['transform', z.string().transform(slow)],
    ['codec', z.codec(z.string(), z.boolean(), { decode: slow as never, encode: String })],
    ['overwrite', z.string().overwrite(slow as never)],
    ['format', z.stringFormat('slow', slow as never)],
    ['what is within', z.array(z.object({ b: z.string().refine(slow) }).optional())],
    ['what comes after a transform', z.string().transform(Number).pipe(z.number().refine(slow))],
  ])('%s', (_, schema) => {
    const body = z.object({ a: schema })
    expect(() => endpoint({ ...parts, body })).toThrow(
      /^functions\/check-text\/contract.ts: in body, a(\.b)? has an async check or transform, .* in the handler$/,
    )
    expect(() => endpoint({ ...parts, reply: { status: 200, body: z.object({ a: schema }).readonly() } })).toThrow(
      /in reply.body, a/,
    )
  })
})

/** Each with a value that it fails for, and with one that it accepts. */
const CASES: readonly (readonly [string, z.ZodType, unknown, unknown])[] = [
  ['a refine that throws', z.string().refine((text) => new URL(text).protocol), 'no url', 'https://a.example'],
  ['a superRefine that throws', z.string().superRefine((text) => void JSON.parse(text)), '{', '{}'],
  ['a check of an object', z.object({ b: z.int() }).refine(({ b }) => b < 5 || fails()), { b: 5 }, { b: 4 }],
  ['a check of an array', z.array(z.int()).refine((all) => all.length > 1 || fails()), [1], [1, 2]],
  ['a check of a number', z.number().refine((n) => n < 5 || fails()), 5, 4],
  ['a check of a union', z.union([z.int(), z.string()]).refine((n) => n !== 5 || fails()), 5, 4],
  ['a transform that throws', z.string().transform((text) => new URL(text).host), 'no url', 'https://a.example'],
  [
    'a codec that throws',
    z.codec(z.string(), z.unknown(), { decode: (text) => JSON.parse(text), encode: String }),
    '{',
    '{}',
  ],
  ['an overwrite that throws', z.string().overwrite((text) => decodeURIComponent(text)), '%', '%20'],
  ['a format that throws', z.stringFormat('json', (text) => [JSON.parse(text)]), '{', '{}'],
  ['a refine that is async at times', z.string().refine(sometimes), 'a', ''],
  ['a message that throws', z.string({ error: fails }), 5, 'a'],
]

describe('what cannot be validated is an issue of the value, at its path', () => {
  it.each(CASES)('%s', async (name, schema, bad, good) => {
    const validate = createValidator(endpoint({ ...parts, body: z.object({ a: z.array(schema) }) }))
    const of = (value: unknown) => validate({ params: {}, query: {}, headers: {}, body: { a: [value] } })
    expect(of(good)).toMatchObject({ ok: true })
    const result = of(bad)
    // Which of them it was is not known where a message throws.
    const path = name.startsWith('a message') ? 'body' : 'body.a.0'
    expect(result).toMatchObject({ ok: false, issues: [{ path }] })
    expect(JSON.stringify(result)).not.toMatch(/out of reach|late|no url/)
  })

  it('in a query, too, and in an option of a union', () => {
    const site = z.string().refine((text) => new URL(text).protocol)
    const query = z.object({ site: z.union([z.number(), site]).optional(), sites: z.array(site).optional() })
    const validate = createValidator(endpoint({ ...parts, query }))
    const of = (given: object) => validate({ params: {}, query: { ...given }, headers: {}, body: undefined })
    expect(of({ site: ['7'], sites: ['https://a.example'] })).toMatchObject({ ok: true, input: { query: { site: 7 } } })
    expect(of({ site: ['no url'] })).toMatchObject({ ok: false, issues: [{ path: 'query.site' }] })
    expect(of({ sites: ['no url'] })).toMatchObject({ ok: false, issues: [{ path: 'query.sites.0' }] })
  })

  it("in an event's data", () => {
    const on = event({ type: 'text.checked', data: z.object({ a: z.string().refine((text) => new URL(text).host) }) })
    expect(createEventValidator({ on })({ a: 'no url' })).toMatchObject({ ok: false, issues: [{ path: 'data.a' }] })
    expect(createEventValidator({ on })({ a: 'https://a.example' })).toMatchObject({ ok: true })
  })
})
