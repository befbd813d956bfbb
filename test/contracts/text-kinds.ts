import fc, { type Arbitrary } from 'fast-check'
import * as z from 'zod'
import type { Kind } from './kind.ts'

/** Texts that JSON may carry to a function: no U+0000 and no half of a surrogate pair. */
export const text = fc.oneof(
  fc.string({ maxLength: 6 }),
  fc.string({ unit: 'grapheme', maxLength: 6 }).map((given) => given.toWellFormed().replaceAll('\0', '')),
  fc.constantFrom('', ' ', ' a ', 'A', 'abc', '\u00e9', '\u{1f600}', 'a\u{1f600}', '1', 'true', 'null', '__proto__x'),
)

/** Of so many characters, of one or two units each. */
const ofLength = (length: number) =>
  fc
    .array(fc.constantFrom('a', 'Z', ' ', '\u{1f600}', '\u00e9'), { minLength: length, maxLength: length })
    .map((all) => all.join(''))

const lengths = fc.tuple(fc.nat(3), fc.nat(3)).map(([min, more]): Kind => {
  const max = min + more
  const edges = [min - 1, min, max, max + 1].filter((length) => length >= 0)
  return { schema: z.string().min(min).max(max), values: fc.oneof(...edges.map(ofLength), text) }
})

const exactly = fc.nat(3).map(
  (length): Kind => ({
    schema: z.string().length(length),
    values: fc.oneof(ofLength(length), ofLength(length + 1), text),
  }),
)

const of = (schema: z.ZodType, values: readonly string[], more: Omit<Kind, 'schema' | 'values'> = {}): Kind => ({
  ...{ schema, ...more },
  values: fc.oneof(fc.constantFrom(...values), text),
})

const DATES = ['2026-02-28', '2024-02-29', '2023-02-29', '2026-13-01', '0000-01-01', '0001-01-01', '9999-12-31']
const TIMES = ['12:00:00', '12:00', '24:00:00', '23:59:60', '12:00:00.123456789', '12:00:00.1234567891']
const ZONES = ['Z', '+01:00', '-15:59', '+16:00', '']
const each = (a: readonly string[], b: readonly string[], glue: string) => a.flatMap((x) => b.map((y) => x + glue + y))
const UUIDS = [
  '6ba7b810-9dad-41d1-80b4-00c04fd430c8',
  '6BA7B810-9DAD-71D1-80B4-00C04FD430C8',
  'x',
  `${'0'.repeat(8)}-0000-0000-0000-${'0'.repeat(12)}`,
]
const ADDRESSES = [
  '127.0.0.1',
  '256.0.0.1',
  '1.2.3',
  '::1',
  'fe80::1%eth0',
  '1:2:3:4:5:6:7:8',
  '10.0.0.0/8',
  '10.0.0.0/33',
  '::/0',
  '::/129',
]

/** The document of some has a format alone, which in JSON Schema is a hint (2020-12, 7.2.1), or a pattern that is less than all. */
const loose = { isLoose: true }

const FORMATS: readonly Kind[] = [
  of(z.email(), ['a@example.com', 'a@b', "o'neil+x@example.co", 'a..b@example.com']),
  ...[z.uuid(), z.uuidv4(), z.uuidv7(), z.guid()].map((schema) => of(schema, UUIDS)),
  of(z.url(), ['https://example.com', 'http:/x', 'no url'], loose),
  of(z.httpUrl(), ['https://example.com', 'ftp://example.com', 'no url'], loose),
  of(z.hostname(), ['example.com', '-a.com', 'a_b'], loose),
  ...[z.ipv4(), z.ipv6(), z.cidrv4(), z.cidrv6(), z.mac()].map((schema) =>
    of(schema, [...ADDRESSES, '00:11:22:aa:bb:cc'], loose),
  ),
  ...[z.base64(), z.base64url(), z.jwt(), z.hex(), z.hash('md5')].map((schema) =>
    of(
      schema,
      ['', 'YQ==', 'YQ', 'a-_b', 'eyJhbGciOiJIUzI1NiJ9.e30.c2ln', 'ff', 'd41d8cd98f00b204e9800998ecf8427e'],
      loose,
    ),
  ),
  ...[z.nanoid(), z.cuid(), z.cuid2(), z.ulid(), z.xid(), z.ksuid()].map((schema) =>
    of(schema, [
      'V1StGXR8_Z5jdHi6B-myT',
      'cjld2cjxh0000qzrmn831i7rn',
      '01ARZ3NDEKTSV4RRFFQ69G5FAV',
      '9m4e2mr0ui3e8a215n4g',
    ]),
  ),
  of(z.e164(), ['+491234567890', '+0', '491234567890']),
  of(z.emoji(), ['\u{1f600}', 'a'], loose),
  of(z.iso.date(), DATES, loose),
  of(z.iso.time(), TIMES, loose),
  of(z.iso.datetime({ offset: true, local: true }), each(DATES, each(TIMES, ZONES, ''), 'T'), loose),
  of(z.iso.duration(), ['P1D', 'PT1.5S', 'P', 'P1000000D', 'PT1,5S'], loose),
]

const RULES: readonly Kind[] = [
  of(z.string().regex(/^[a-c]{2,3}$/), ['ab', 'abcd', 'a']),
  of(z.string().regex(/^[a-z]+$/i), ['ab', 'AB', '1'], loose),
  of(z.string().regex(/^\P{Cc}*$/u), ['a\tb', 'ab', '\u0085']),
  of(z.string().startsWith('a').endsWith('c').includes('b'), ['abc', 'ac', 'ab', 'a.b.c']),
  of(z.string().startsWith('a.').endsWith('$'), ['a.$', 'ab$']),
  of(z.string().lowercase(), ['ab', 'Ab', '\u00c9']),
  of(z.string().uppercase(), ['AB', 'Ab']),
  of(z.stringFormat('even', /^(..)*$/), ['ab', 'a'], loose),
  of(
    z.stringFormat('even', (given) => given.length % 2 === 0),
    ['ab', 'a'],
    loose,
  ),
  of(
    z.string().refine((given) => given !== 'a'),
    ['a', 'b'],
    loose,
  ),
  of(z.templateLiteral(['v', z.int(), '-', z.enum(['a', 'b'])]), ['v1-a', 'v1.5-a', 'v-1-b', 'v1-c']),
  of(z.string().trim().min(1).max(3), ['  a  ', '    ', ' abcd '], { isLoose: true, isChanged: true }),
  of(z.string().max(4).trim(), ['  a  ', ' a  '], { isLoose: true, isChanged: true }),
  of(
    z
      .string()
      .toLowerCase()
      .regex(/^[a-z]*$/),
    ['AB', 'ab', '1'],
    { isLoose: true, isChanged: true },
  ),
  of(z.email().toLowerCase(), ['A@EXAMPLE.COM', 'a'], { isLoose: true, isChanged: true }),
  of(z.string().normalize(), ['e\u0301', '\u00e9'], { isLoose: true, isChanged: true }),
]

/** Kinds that are texts in JSON. */
export const textKinds: Arbitrary<Kind> = fc.oneof(
  fc.constant<Kind>({ schema: z.string(), values: text }),
  lengths,
  exactly,
  fc.constantFrom(...FORMATS),
  fc.constantFrom(...RULES),
)
