/** A value of JavaScript that a statement may be given, and what it says, in the words of others. */
export interface TestValue {
  /** As it would be written. */
  readonly label: string
  readonly kind: string
  readonly make: () => unknown
  /** What it is to Postgres where it is taken at all: a literal of the column's type. */
  readonly literal?: string
  /** What it is in a column of JSON where it is taken at all. */
  readonly json?: string
}

class Money {
  readonly cents = 5
}
class WithToJson {
  toJSON() {
    return { json: true }
  }
}
class WithToPostgres {
  toPostgres() {
    return '1'
  }
}
const circular: Record<string, unknown> = {}
circular.self = circular

const number = (value: number, label = String(value)): TestValue => ({
  ...{ label, kind: 'number', make: () => value, literal: Object.is(value, -0) ? '-0' : String(value) },
  ...(Number.isFinite(value) ? { json: Object.is(value, -0) ? '0' : String(value) } : {}),
})
const bigint = (value: bigint): TestValue => ({
  label: `${value}n`,
  kind: 'bigint',
  make: () => value,
  literal: String(value),
})
const string = (value: string): TestValue => ({
  ...{ label: JSON.stringify(value), kind: 'string', make: () => value, literal: value, json: JSON.stringify(value) },
})
const date = (iso: string, literal: string): TestValue => ({
  ...{ label: `new Date('${iso}')`, kind: 'Date', make: () => new Date(iso), literal, json: JSON.stringify(iso) },
})
const temporal = (name: string, text: string, literal = text): TestValue => ({
  label: `Temporal.${name}.from('${text}')`,
  kind: `Temporal.${name}`,
  // Node has it, and TypeScript's library of this target has not.
  make: () =>
    (globalThis as unknown as { Temporal: Record<string, { from(text: string): unknown }> }).Temporal[name]?.from(text),
  literal,
  json: JSON.stringify(text),
})
const bytes = (label: string, kind: string, make: () => unknown, literal?: string): TestValue => ({
  label,
  kind,
  make,
  ...(literal ? { literal } : {}),
})
const array = (label: string, make: () => unknown, literal?: string, json?: string): TestValue => ({
  ...{ label, kind: 'array', make },
  ...(literal === undefined ? {} : { literal }),
  ...(json === undefined ? {} : { json }),
})
const object = (label: string, make: () => unknown, json?: string): TestValue => ({
  ...{ label, kind: 'object', make },
  ...(json === undefined ? {} : { json }),
})
const other = (label: string, kind: string, make: () => unknown, json?: string): TestValue => ({
  ...object(label, make, json),
  kind,
})

export const testValues: readonly TestValue[] = [
  { label: 'null', kind: 'null', make: () => null },
  other('undefined', 'undefined', () => undefined),
  { label: 'true', kind: 'boolean', make: () => true, literal: 'true', json: 'true' },
  { label: 'false', kind: 'boolean', make: () => false, literal: 'false', json: 'false' },
  ...[0, 1, -1, 1.5, 0.1, 1 / 3, 1e-7, 1e21, 5e-324, Number.MAX_VALUE].map((value) => number(value)),
  ...[number(-0, '-0'), number(Number.NaN), number(Infinity), number(-Infinity)],
  ...[32_768, 2 ** 31 - 1, 2 ** 31, 2 ** 53 - 1, 2 ** 53, 16_777_217].map((value) => number(value)),
  ...[1n, -1n, 2n ** 53n + 1n, 2n ** 63n - 1n, 2n ** 63n, 10n ** 30n].map(bigint),
  ...['', 'text', ' text ', '5', '1.5', 'true', 'null', 'NULL', '{}', '[]', '{"a":1}', '{1,2}', '{NULL,"a b"}'].map(
    string,
  ),
  ...['a "b" \\ c', '\u{1f600}', 'a\0b', '\ud800', 'sad', '(1,"a, b")', '[1,5)', '{[1,5)}', 'empty', '\\x00ff'].map(
    string,
  ),
  ...['2026-01-02', '2026-01-02T03:04:05.123456Z', '2026-01-02 03:04:05', '2026-12-31T23:59:60Z', '24:00:00'].map(
    string,
  ),
  ...['0044-03-15 BC', '12026-01-02', '2026-02-30', 'infinity', 'NaN', 'P1DT2H', '10.0.0.1', '10.0.0.0/8'].map(string),
  ...['a0eebc99-9c0b-4ef8-bb6d-6bb9bd380a11', '08:00:2b:01:02:03', '9223372036854775807'].map(string),
  date('2026-01-02T03:04:05.678Z', '2026-01-02 03:04:05.678'),
  date('2026-01-02T00:00:00.000Z', '2026-01-02 00:00:00'),
  date('2026-03-08T07:30:00.000Z', '2026-03-08 07:30:00'),
  date('+012026-01-02T00:00:00.000Z', '12026-01-02 00:00:00'),
  date('-000043-03-15T00:00:00.000Z', '0044-03-15 00:00:00 BC'),
  date('0000-01-01T00:00:00.000Z', '0001-01-01 00:00:00 BC'),
  other("new Date('x')", 'Date', () => new Date('x')),
  temporal('Instant', '2026-01-02T03:04:05.123456Z'),
  temporal('Instant', '2026-01-02T03:04:05.123456789Z'),
  temporal('PlainDate', '2026-01-02'),
  temporal('PlainDate', '+012026-01-02', '12026-01-02'),
  temporal('PlainDate', '-000043-03-15', '0044-03-15 BC'),
  temporal('PlainDateTime', '2026-01-02T03:04:05.123456'),
  temporal('PlainTime', '03:04:05.123456'),
  temporal('ZonedDateTime', '2026-01-02T03:04:05+05:45[Asia/Kathmandu]'),
  temporal('PlainYearMonth', '2026-01'),
  temporal('Duration', 'P1Y2M3W4DT5H6M7.123456S'),
  temporal('Duration', '-P1DT2H0.5S', '-1 days -02:00:00.5'),
  bytes('Buffer.from([0, 255, 92])', 'Buffer', () => Buffer.from([0, 255, 92]), '\\x00ff5c'),
  bytes('Buffer.alloc(0)', 'Buffer', () => Buffer.alloc(0), '\\x'),
  bytes('new Uint8Array([1, 2, 3]).subarray(1)', 'Uint8Array', () => new Uint8Array([1, 2, 3]).subarray(1), '\\x0203'),
  bytes('new Uint16Array([1])', 'other typed array', () => new Uint16Array([1])),
  bytes('new Float64Array([1.5])', 'other typed array', () => new Float64Array([1.5])),
  bytes('new ArrayBuffer(1)', 'other typed array', () => new ArrayBuffer(1)),
  bytes('new DataView(new ArrayBuffer(1))', 'other typed array', () => new DataView(new ArrayBuffer(1))),
  array('[]', () => [], '{}', '[]'),
  array('[1, 2]', () => [1, 2], '{1,2}', '[1,2]'),
  array('[1, null]', () => [1, null], '{1,NULL}', '[1,null]'),
  array('[null]', () => [null], '{NULL}', '[null]'),
  array('[1n]', () => [1n], '{1}'),
  array('[true, false]', () => [true, false], '{true,false}', '[true,false]'),
  array("['a', 'NULL', '']", () => ['a', 'NULL', ''], '{a,"NULL",""}', '["a","NULL",""]'),
  array("['so so', 'sad']", () => ['so so', 'sad'], '{"so so",sad}', '["so so","sad"]'),
  array('[\'{"a":1}\']', () => ['{"a":1}'], '{"{\\"a\\":1}"}', '["{\\"a\\":1}"]'),
  array("['\\0']", () => ['\0']),
  array(
    '[[1, 2], [3, 4]]',
    () => [
      [1, 2],
      [3, 4],
    ],
    '{{1,2},{3,4}}',
    '[[1,2],[3,4]]',
  ),
  array('[[[1]], [[null]]]', () => [[[1]], [[null]]], '{{{1}},{{NULL}}}', '[[[1]],[[null]]]'),
  array('[[1], [2, 3]]', () => [[1], [2, 3]], undefined, '[[1],[2,3]]'),
  array('[[1], null]', () => [[1], null], undefined, '[[1],null]'),
  array('[1, [2]]', () => [1, [2]], undefined, '[1,[2]]'),
  array('[[]]', () => [[]], undefined, '[[]]'),
  array('[undefined]', () => [undefined]),
  array('[, 1]', () => {
    const holes: number[] = []
    holes[1] = 1
    return holes
  }),
  array('[NaN]', () => [Number.NaN], '{NaN}'),
  array('[-0]', () => [-0], '{-0}', '[0]'),
  array(
    "[new Date('2026-01-02T00:00:00.000Z')]",
    () => [new Date('2026-01-02T00:00:00.000Z')],
    '{"2026-01-02 00:00:00"}',
    '["2026-01-02T00:00:00.000Z"]',
  ),
  array('[Buffer.from([1])]', () => [Buffer.from([1])], '{"\\\\x01"}'),
  array('[{ a: 1 }]', () => [{ a: 1 }], '{"{\\"a\\":1}"}', '[{"a":1}]'),
  array('[new Map()]', () => [new Map()]),
  object('{}', () => ({}), '{}'),
  object("{ a: 1, b: [null, 'x'] }", () => ({ a: 1, b: [null, 'x'] }), '{"a":1,"b":[null,"x"]}'),
  object('{ a: undefined }', () => ({ a: undefined }), '{}'),
  object('{ a: [undefined] }', () => ({ a: [undefined] })),
  object('{ a: NaN }', () => ({ a: Number.NaN })),
  object('{ a: 1n }', () => ({ a: 1n })),
  object('{ a: new Map() }', () => ({ a: new Map() })),
  object('{ a: Buffer.from([1]) }', () => ({ a: Buffer.from([1]) })),
  object("{ a: 'a\\0b' }", () => ({ a: 'a\0b' })),
  object("{ a: '\\ud800' }", () => ({ a: '\ud800' })),
  object('{ a: () => 1 }', () => ({ a: () => 1 })),
  object("{ a: new Date('x') }", () => ({ a: new Date('x') })),
  object(
    "{ a: new Date('2026-01-02T00:00:00.000Z') }",
    () => ({ a: new Date('2026-01-02T00:00:00.000Z') }),
    '{"a":"2026-01-02T00:00:00.000Z"}',
  ),
  object('Object.create(null)', () => Object.create(null), '{}'),
  object('an object that has itself for a member', () => circular),
  ...[other('new Map([[1, 2]])', 'Map', () => new Map([[1, 2]])), other('new Set([1])', 'Set', () => new Set([1]))],
  other('new Money()', 'instance of a class', () => new Money()),
  other(
    'new WithToJson(), which has toJSON',
    'instance of a class with toJSON',
    () => new WithToJson(),
    '{"json":true}',
  ),
  other('new Sneaky(), which has toPostgres', 'instance of a class', () => new WithToPostgres()),
  other("new String('x')", 'instance of a class', () => new String('x')),
  other("new Error('x')", 'instance of a class', () => new Error('x')),
  other('/x/', 'instance of a class', () => /x/),
  other(
    "new URL('https://example.com')",
    'instance of a class with toJSON',
    () => new URL('https://example.com'),
    '"https://example.com/"',
  ),
  other('() => 1', 'function', () => () => 1),
  other("Symbol('x')", 'symbol', () => Symbol('x')),
  other('Promise.resolve(1)', 'promise', () => Promise.resolve(1)),
]
