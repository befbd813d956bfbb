import { describe, expect, it } from '@jest/globals'
import { JSON_AT_LIMIT } from '../../test/support/json-at-limit.ts'
import { parseJson } from './json.ts'

const parse = (text: string) => parseJson(Buffer.from(text))
/** What may stand between the parts of a document changes no count. */
const spaced = (value: unknown) => JSON.stringify(value, null, 1).replaceAll('[]', '[ \n]').replaceAll('{}', '{\t}')

describe.each(JSON_AT_LIMIT)('$what', ({ most, over, message }) => {
  const refused = { issues: [{ path: 'body', message }] }

  it('are accepted up to the limit, and one more is refused', () => {
    for (const write of [JSON.stringify, spaced]) {
      expect(parse(write(most))).toEqual({ value: most })
      expect(parse(write(over))).toEqual(refused)
    }
  })

  it('are counted before anything is parsed', () => {
    expect(parse(`${JSON.stringify(over).slice(0, -1)}, no JSON`)).toEqual(refused)
  })
})

it('the content of a string does not count', () => {
  const value = { text: '[{,"\\":'.repeat(60_000), '[{,"\\': ['{'.repeat(60_000)] }
  expect(parse(JSON.stringify(value))).toEqual({ value })
})

it('a name that comes again in other objects counts once', () => {
  const value = Array(9_999).fill({ a: 1, b: 2 })
  expect(parse(JSON.stringify(value))).toEqual({ value })
})

it.each([
  ...[
    '',
    ' ',
    '"',
    '"a',
    '"\\',
    '{"a',
    '{"a":"',
    '{"\\x":1}',
    '{"\n":1}',
    '["\\ud800',
    '{"a\\u0000',
    '["\\u00g0\\u0000"]',
  ],
  ...[
    ']',
    '[[]',
    '{"a":1',
    '{]',
    '[1 2]',
    '{"a" 1}',
    '{"a":1,}',
    '[,]',
    ',',
    ':',
    '{"a":1}}',
    '{1:2}',
    'nul',
    '01',
    '\ufeff',
  ],
])('%j is refused as malformed JSON', (text) => {
  expect(() => JSON.parse(text) as unknown).toThrow(SyntaxError)
  expect(parse(text)).toEqual({ issues: [{ path: 'body', message: expect.stringMatching(/^Not JSON: /) }] })
})
