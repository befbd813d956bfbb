import { expect, it } from '@jest/globals'
import { printable } from './report.ts'

it.each([
  ['\u001b[2J\u001b[31mred', '\\u001b[2J\\u001b[31mred'],
  ['\u009b2J', '\\u009b2J'],
  ['one\rtwo\u0007\u007f\u0000', 'one\\u000dtwo\\u0007\\u007f\\u0000'],
  ['\u202egnp.exe\u2066', '\\u202egnp.exe\\u2066'],
  ['a line\n\tand another', 'a line\n\tand another'],
  ['Zoë 家 👩‍👧', 'Zoë 家 👩‍👧'],
])('%j is shown as %j', (text, shown) => {
  expect(printable(text)).toBe(shown)
})

it('leaves JSON the same JSON', () => {
  const value = { text: '\u001b[0m \u009b \u202e " \\' }
  expect(JSON.parse(printable(JSON.stringify(value)))).toEqual(value)
})
