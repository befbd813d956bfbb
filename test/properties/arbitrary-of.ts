import fc, { type Arbitrary } from 'fast-check'
import type { JsonSchema } from '../../src/deploy/json-schema.ts'

/** Any text that JSON can spell: U+0000, controls, astral characters and halves of surrogate pairs among it. */
const anyText = fc.oneof(
  fc.string({ unit: 'binary' }),
  fc.array(fc.nat(0xffff), { maxLength: 20 }).map((units) => String.fromCharCode(...units)),
  fc.constantFrom('', '\0', '\ud800', 'x\udc00', '\ufeff', '\u2028', '\\', "'; --", '%', '{"', '__proto__'),
)
const plainText = fc.string({ unit: 'grapheme', minLength: 1 })
const anything = fc.oneof(fc.jsonValue(), fc.double(), fc.constantFrom(2 ** 31, 2 ** 53, 1e300, -0))

const digits = (count: number) => fc.nat().map((n) => String(n).padStart(count, '0').slice(0, count))
const joined = (...parts: readonly Arbitrary<string>[]) => fc.tuple(...parts).map((texts) => texts.join(''))
const edge = (...texts: readonly string[]) => fc.constantFrom(...texts)

const date = fc.oneof(
  joined(digits(4), edge('-'), digits(2), edge('-'), digits(2)),
  edge('0000-01-01', '0001-01-01', '9999-12-31', '2024-02-29', '2023-02-31'),
)
const time = joined(
  edge('00:00:00', '23:59:59', '24:00:00', '23:59:60', '12:30'),
  edge('', '.1', '.999999', '.9999999', `.${'9'.repeat(200)}`),
)
const duration = fc.oneof(
  joined(
    edge('P', 'PT'),
    edge('0', '999999', '1000000', '99999999999', '1.5', '1,5'),
    edge('Y', 'M', 'W', 'D', 'H', 'S'),
  ),
  edge('P1Y2M3DT4H5M6.7S', `PT1.${'1'.repeat(100)}S`),
)
const WILD: Readonly<Record<string, Arbitrary<string>>> = {
  ...{ date, time, duration },
  'date-time': joined(date, edge('T'), time, edge('Z', '+00:00', '-15:59', '+16:00', '+23:59', '')),
  email: fc.oneof(fc.emailAddress(), edge(`${'a'.repeat(64)}@example.com`, "o'neil+x@example.co")),
}
const TAME: Readonly<Record<string, Arbitrary<string>>> = {
  ...{ date: edge('2026-07-01'), time: edge('12:34:56.789'), duration: edge('P1DT2H'), uuid: fc.uuid() },
  ...{ 'date-time': edge('2026-07-01T12:34:56Z'), email: edge('ada@example.com') },
}

/** Values of a schema: tame ones fit, and wild ones are from all over its domain, its edges, and a little beyond. */
export function arbitraryOf(schema: JsonSchema, { wild = true }: { readonly wild?: boolean } = {}): Arbitrary<unknown> {
  const listed = schema.enum ?? (schema.const === undefined ? undefined : [schema.const])
  if (listed) return fc.constantFrom(...listed)
  const options = schema.anyOf ?? schema.oneOf
  if (options) return fc.oneof(...options.map((option) => arbitraryOf(option, { wild })))
  if (schema.type === 'string') return wild ? wildString(schema) : tameString(schema)
  if (schema.type === 'integer' || schema.type === 'number') return numberOf(schema, wild)
  if (schema.type === 'boolean') return fc.boolean()
  if (schema.type === 'array') {
    const items = typeof schema.items === 'object' ? schema.items : {}
    return fc.array(arbitraryOf(items, { wild }), { maxLength: 4 })
  }
  return schema.type === 'object' ? objectOf(schema, wild) : wild ? anything : plainText
}

const tameString = ({ format = '', pattern }: JsonSchema) => TAME[format] ?? (pattern ? matching(pattern) : plainText)

function wildString({ format = '', pattern, minLength = 0, maxLength = 300 }: JsonSchema): Arbitrary<unknown> {
  const long = edge('x'.repeat(maxLength), '☃'.repeat(maxLength), 'A'.repeat(Math.max(minLength, 1)))
  const formed = WILD[format] ?? TAME[format] ?? (pattern ? matching(pattern) : plainText)
  return fc.oneof(anyText, long, formed)
}

function matching(pattern: string): Arbitrary<string> {
  const fits = new RegExp(pattern, 'u')
  const filtered = plainText.filter((text) => fits.test(text))
  // It would list all of Unicode first, which takes ten seconds.
  if (/\\p\{/i.test(pattern)) return filtered
  try {
    return fc.stringMatching(fits)
  } catch {
    return filtered
  }
}

function numberOf({ type, minimum = -(2 ** 53), maximum = 2 ** 53 }: JsonSchema, wild: boolean): Arbitrary<number> {
  const [min, max] = [Math.max(minimum, Number.MIN_SAFE_INTEGER), Math.min(maximum, Number.MAX_SAFE_INTEGER)]
  const within = fc.oneof(fc.integer({ min, max }), fc.constantFrom(min, max))
  if (!wild) return within
  const beyond = fc.constantFrom(2 ** 31, -(2 ** 31) - 1, 2 ** 53, 1e300)
  return fc.oneof(within, beyond, type === 'number' ? fc.double() : within)
}

/** In a wild object one property is wild, so that the others do not hide what becomes of it. */
function objectOf(schema: JsonSchema, wild: boolean): Arbitrary<unknown> {
  const { properties = {}, required = [], additionalProperties } = schema
  if (typeof additionalProperties === 'object') {
    const keys = wild ? anyText.filter((name) => name !== '__proto__') : plainText
    return fc.dictionary(keys, arbitraryOf(additionalProperties, { wild }), { maxKeys: 4 })
  }
  const names = Object.keys(properties)
  const objectWith = (wildName: string | undefined) => {
    const parts = Object.entries(properties).map(([name, part]) => [
      name,
      arbitraryOf(part, { wild: name === wildName }),
    ])
    return fc.record(Object.fromEntries(parts) as Record<string, Arbitrary<unknown>>, { requiredKeys: [...required] })
  }
  return wild && names.length > 0 ? fc.oneof(...names.map(objectWith)) : objectWith(undefined)
}
