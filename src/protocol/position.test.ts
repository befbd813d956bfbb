import { expect, it } from '@jest/globals'
import { LATEST_POSITION, laterPosition, parsePosition } from './position.ts'

it.each([
  ['0/0', 0n],
  ['0/16B3748', 0x16b3748n],
  ['1A/00000002', 0x1a_0000_0002n],
  ['FFFFFFFF/ffffffff', 0xffff_ffff_ffff_ffffn],
  ['latest', LATEST_POSITION],
  ['', undefined],
  ['1/2, 3/4', undefined],
  ['123456789/0', undefined],
  ['-1/0', undefined],
])('%s is the position %s', (text, position) => {
  expect(parsePosition(text)).toBe(position)
})

it('finds the later of texts, by number and not by letters', () => {
  expect(laterPosition(['9/FF', 'A/0', undefined, 'z'])).toBe('A/0')
  expect(laterPosition(['latest', 'FFFFFFFF/FFFFFFFF'])).toBe('latest')
  expect(laterPosition(['', undefined])).toBeUndefined()
})
