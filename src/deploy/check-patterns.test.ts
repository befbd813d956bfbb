import { expect, it } from '@jest/globals'
import { endpoint, event, subscriber } from 'ebb/contract'
import * as z from 'zod'
import { TEST_PROJECT } from '../../test/support/project.ts'
import { patternsOf } from '../contract/index.ts'
import { checkPatterns } from './check-patterns.ts'
import { importContracts } from './import-sources.ts'

const LIMIT_MS = 120_000

const check = (schema: z.ZodType) => {
  const common = { name: 'make-thing', summary: 'Makes a thing.', method: 'POST', path: '/v1/things' } as const
  const contract = endpoint({
    ...common,
    body: z.object({ more: z.array(z.object({ text: schema })) }),
    reply: { status: 200, body: z.object({}) },
    access: {},
  })
  return checkPatterns(patternsOf([contract]))
}

it.each<[string, z.ZodType, RegExp]>([
  [
    'exponential',
    z.string().regex(/^(\w+\s?)*$/),
    /make-thing\/contract\.ts: in body\.more\.text, .* without end for '/,
  ],
  [
    'exponential, whatever its length',
    z
      .string()
      .max(50)
      .regex(/^(\w+\s?)*$/),
    /without end/,
  ],
  ['exponential behind a look-ahead', z.string().regex(/^(?=a)(\w+\s?)*$/), /without end/],
  ['quadratic', z.string().regex(/^\s+|\s+$/), /to the power of 2; put \.max\(1000\) or less before it/],
  [
    'quadratic with its length checked too late',
    z
      .string()
      .regex(/^\s+|\s+$/)
      .max(10),
    /power of 2/,
  ],
  [
    'exponential, optional and within a union',
    z.union([
      z.int(),
      z
        .string()
        .regex(/(a|a)*b/)
        .optional(),
    ]),
    /without end/,
  ],
  ['a pattern of its own for a format', z.email({ pattern: /^(\w+\.?)*@x$/ }), /without end/],
])(
  'refuses a pattern that is %s',
  (_what, schema, sentence) => expect(check(schema)).rejects.toThrow(sentence),
  LIMIT_MS,
)

it.each<[string, z.ZodType]>([
  ['linear', z.string().regex(/^[a-z0-9]+(-[a-z0-9]+)*$/)],
  ['linear with overlapping parts', z.string().regex(/^([a-z0-9-]+\.)+[a-z]{2,}$/)],
  ['bounded', z.string().regex(/^[\w.@:+-]{1,128}$/)],
  ['of Unicode', z.string().regex(/^\P{Cc}*$/u)],
  [
    'quadratic, for texts that are short enough',
    z
      .string()
      .max(1_000)
      .regex(/^\s+|\s+$/),
  ],
  ["zod's own", z.union([z.email(), z.url(), z.iso.datetime(), z.ipv6(), z.uuid()])],
])('takes a pattern that is %s', (_what, schema) => check(schema), LIMIT_MS)

it(
  'looks at events, too',
  async () => {
    const on = event({ type: 'thing.made', data: z.object({ name: z.string().regex(/(a+)+$/) }) })
    const contract = subscriber({ name: 'see-thing', summary: 'Sees it.', on })
    await expect(checkPatterns(patternsOf([contract]))).rejects.toThrow(
      'functions/see-thing/contract.ts: in on.data.name',
    )
  },
  LIMIT_MS,
)

it(
  'takes all patterns of this project',
  async () => {
    expect(Object.keys(await importContracts(TEST_PROJECT))).toContain('list-products')
  },
  LIMIT_MS,
)
