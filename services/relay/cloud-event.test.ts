import { expect, it } from '@jest/globals'
import { encodeHeader } from './cloud-event.ts'

it.each([
  ['plain-ASCII~!', 'plain-ASCII~!'],
  ['Euro € 😀', 'Euro%20%E2%82%AC%20%F0%9F%98%80'],
  ['100% "sure"', '100%25%20%22sure%22'],
  ['line\r\nX-Evil: 1', 'line%0D%0AX-Evil:%201'],
  ['half \ud83d', 'half%20%EF%BF%BD'],
  ['del\u007f', 'del%7F'],
])('%j travels as %s', (value, encoded) => {
  expect(encodeHeader(value)).toBe(encoded)
  expect(decodeURIComponent(encoded)).toBe(value.toWellFormed())
})
