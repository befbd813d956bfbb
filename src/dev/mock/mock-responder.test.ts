import { expect, it } from '@jest/globals'
import { readPreferences } from './mock-responder.ts'

it.each([
  ['', {}],
  ['example=lamp', { example: 'lamp' }],
  ['respond-async, Example="a, b"; x=1, failure = email_taken', { 'respond-async': '', example: 'a, b' }],
  ['wait=10,failure="a\\"b"', { wait: '10', failure: 'a"b' }],
])('%j is read as RFC 7240 has it', (prefer, expected) => {
  expect(Object.fromEntries(readPreferences(prefer))).toMatchObject(expected)
})
