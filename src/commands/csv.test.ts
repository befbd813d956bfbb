import { expect, it } from '@jest/globals'
import { toCsv } from './csv.ts'

it.each([
  ['plain', 'plain'],
  [12.5, '12.5'],
  [null, ''],
  ['a,b', '"a,b"'],
  ['say "hi"', '"say ""hi"""'],
  ['two\nlines', '"two\nlines"'],
  ['=1+1', "'=1+1"],
  ['+49', "'+49"],
  ['-1', "'-1"],
  ['@sum(a1)', "'@sum(a1)"],
  ['\t=1', "'\t=1"],
  ['=cmd|" /c calc"!a0', `"'=cmd|"" /c calc""!a0"`],
  [-1, '-1'],
])('%j is written as %s', (value, text) => {
  expect(
    toCsv([
      ['name', 'more'],
      [value, 'x'],
    ]),
  ).toBe(`name,more\r\n${text},x\r\n`)
})
