import { describe, expect, it } from '@jest/globals'
import * as z from 'zod'
import { TEST_PROJECT } from '../../../test/support/project.ts'
import { isReceiver, toInput, toOutput } from '../../contract/index.ts'
import { importContracts } from '../import-sources.ts'
import { createRandom } from './random.ts'
import { createSampler, SampleError } from './sampler.ts'

const SEEDS = Array.from({ length: 100 }, (_, i) => String(i))

interface Tree {
  name: string
  parent: Tree | null
  children: Tree[]
}
const Tree: z.ZodType<Tree> = z.lazy(() =>
  z.object({ name: z.string(), parent: Tree.nullable(), children: z.array(Tree) }),
)

const SCHEMAS: Readonly<Record<string, z.ZodType>> = {
  string: z.string(),
  'string of a length': z.string().min(30).max(32),
  'short string': z.string().max(3),
  email: z.email(),
  'short email': z.email().max(254),
  uuid: z.uuid(),
  'uuid v7': z.uuidv7(),
  guid: z.guid(),
  url: z.url(),
  'http url': z.url({ protocol: /^https?$/ }),
  datetime: z.iso.datetime(),
  'datetime of a precision': z.iso.datetime({ precision: 0 }),
  'datetime to the minute': z.iso.datetime({ precision: -1 }),
  'local datetime': z.iso.datetime({ local: true }),
  date: z.iso.date(),
  time: z.iso.time(),
  duration: z.iso.duration(),
  ipv4: z.ipv4(),
  ipv6: z.ipv6(),
  cidrv4: z.cidrv4(),
  cidrv6: z.cidrv6(),
  e164: z.e164(),
  mac: z.mac(),
  hostname: z.hostname(),
  base64: z.base64(),
  base64url: z.base64url(),
  jwt: z.jwt(),
  nanoid: z.nanoid(),
  cuid: z.cuid(),
  cuid2: z.cuid2(),
  ulid: z.ulid(),
  xid: z.xid(),
  ksuid: z.ksuid(),
  emoji: z.emoji(),
  'starts with': z.string().startsWith('sku_'),
  'ends with': z.string().endsWith('.png'),
  includes: z.string().includes('@'),
  'lower case': z.string().lowercase(),
  'upper case': z.string().uppercase(),
  slug: z.string().regex(/^[a-z]+(-[a-z]+)*$/),
  'one line': z.string().regex(/^\P{Cc}*$/u),
  'two rules': z
    .string()
    .regex(/^[a-z-]+$/)
    .regex(/-/),
  trimmed: z.string().trim().min(1),
  'a pattern with an example': z
    .string()
    .regex(/^Q-\d{3}-[xyz]$/)
    .meta({ example: 'Q-123-x' }),
  'a refinement with an example': z
    .string()
    .refine((text) => text === 'EUR')
    .meta({ examples: ['EUR'] }),
  'template literal': z.templateLiteral(['v', z.number()]).meta({ example: 'v7' }),
  number: z.number(),
  int: z.int(),
  'int between': z.int().min(5).max(7),
  'negative int': z.int().max(-5),
  'positive number': z.number().positive(),
  'tiny number': z.number().gt(0).lt(0.001),
  'number below zero': z.number().negative(),
  'steps of five': z.int().multipleOf(5).positive(),
  'steps of a tenth': z.number().multipleOf(0.1),
  boolean: z.boolean(),
  null: z.null(),
  literal: z.literal(['a', 7]),
  enum: z.enum(['a', 'b']),
  unknown: z.unknown(),
  array: z.array(z.int()),
  'array of a length': z.array(z.int()).min(3).max(3),
  'empty array': z.array(z.int()).max(0),
  tuple: z.tuple([z.string(), z.int()]),
  'tuple with a rest': z.tuple([z.string()], z.boolean()),
  object: z.object({ a: z.string(), b: z.int().optional(), c: z.string().nullable(), d: z.string().default('x') }),
  'strict object': z.strictObject({ a: z.string() }),
  'never optional': z.object({ a: z.string(), b: z.never().optional() }),
  record: z.record(z.string(), z.int()),
  'record of names': z.record(z.enum(['a', 'b']), z.int()),
  'partial record': z.partialRecord(z.enum(['a', 'b']), z.int()),
  union: z.union([z.string(), z.int()]),
  'discriminated union': z.discriminatedUnion('kind', [
    z.object({ kind: z.literal('dot'), x: z.int() }),
    z.object({ kind: z.literal('line'), from: z.int(), to: z.int() }),
  ]),
  transform: z.string().transform((text) => text.length),
  'a type that contains itself': Tree,
}

const sampled = (schema: z.ZodType, seed: string) => createSampler(schema)(createRandom(seed))

describe('a sample', () => {
  it.each(Object.entries(SCHEMAS))('of %s fits, for any seed', (_name, schema) => {
    const sample = createSampler(schema)
    for (const seed of SEEDS) {
      const value = sample(createRandom(seed))
      expect(schema.safeParse(value).success).toBe(true)
      expect(JSON.parse(JSON.stringify(value))).toEqual(value)
    }
  })

  it('is the same for the same seed, and differs for another one', () => {
    const schema = z.object({ id: z.uuid(), at: z.iso.datetime(), n: z.int() })
    expect(sampled(schema, 'a')).toEqual(sampled(schema, 'a'))
    expect(new Set(SEEDS.map((seed) => JSON.stringify(sampled(schema, seed)))).size).toBe(SEEDS.length)
  })

  it('that cannot be guessed is refused with the place of the missing example', () => {
    const schema = z.object({ code: z.string().regex(/^Q-\d{3}-[xyz]$/) })
    expect(() => sampled(schema, 'a')).toThrow(SampleError)
    expect(() => sampled(schema, 'a')).toThrow(/^code: .*Q-/)
  })

  it('exists of every body, reply and event of a project', async () => {
    const contracts = Object.values(await importContracts(TEST_PROJECT))
    const schemas = contracts.flatMap((contract) => {
      if (isReceiver(contract)) return [toOutput(contract.on.data)]
      if (contract.kind === 'authorizer' || contract.kind === 'proxy') return []
      const reply = 'body' in contract.reply ? contract.reply.body : undefined
      const body = contract.body instanceof z.ZodType ? contract.body : undefined
      return [...(reply ? [toOutput(reply)] : []), ...(body ? [toInput(body)] : [])]
    })
    expect(schemas.length).toBeGreaterThan(8)
    for (const schema of schemas) {
      const sample = createSampler(schema)
      for (const seed of SEEDS) expect(schema.safeParse(sample(createRandom(seed))).success).toBe(true)
    }
  })
})
