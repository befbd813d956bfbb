import { expect, it } from '@jest/globals'
import { createSealer } from './seal.ts'

const { nameOf, seal, open } = createSealer(() => 'a secret of the gateways', { of: 'cache' })
const value = Buffer.from('who reads this has been answered')

it('what is sealed opens under its key, and shows nothing', () => {
  const sealed = seal('ada products/17', value)
  expect(open('ada products/17', sealed)).toEqual(value)
  expect(sealed.includes(value.subarray(0, 4))).toBe(false)
  expect(nameOf('ada products/17')).toMatch(/^[\w-]{43}$/)
  expect(nameOf('ada products/17')).not.toBe(nameOf('eve products/17'))
})

it('what was copied to another key, changed, cut, or sealed with another secret does not open', () => {
  const sealed = seal('ada products/17', value)
  expect(open('eve products/17', sealed)).toBeUndefined()
  for (let i = 0; i < sealed.length; i++) {
    const changed = Buffer.from(sealed)
    changed[i] = (changed[i] ?? 0) ^ 1
    expect(open('ada products/17', changed)).toBeUndefined()
    expect(open('ada products/17', sealed.subarray(0, i))).toBeUndefined()
  }
  const other = createSealer(() => 'another secret', { of: 'cache' })
  expect(other.open('ada products/17', sealed)).toBeUndefined()
  expect(other.nameOf('ada products/17')).not.toBe(nameOf('ada products/17'))
  const ofAnother = createSealer(() => 'a secret of the gateways', { of: 'webhooks' })
  expect(ofAnother.open('ada products/17', sealed)).toBeUndefined()
})
