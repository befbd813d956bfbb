import { describe, expect, it } from '@jest/globals'
import { compareVersions, isVersion } from './versions.ts'

describe('compareVersions', () => {
  // The order of semver.org, clause 11.
  const ORDER =
    '0.9.9 1.0.0-alpha 1.0.0-alpha.1 1.0.0-alpha.beta 1.0.0-beta 1.0.0-beta.2 1.0.0-beta.11 1.0.0-rc.1 1.0.0 1.0.10 1.2.0'

  it('sorts as semver.org says', () => {
    const versions = ORDER.split(' ')
    expect(versions.toReversed().toSorted(compareVersions)).toEqual(versions)
  })

  it('takes no notice of what a build was called', () => {
    expect(compareVersions('1.2.3+one', '1.2.3+two')).toBe(0)
  })
})

it.each([
  ['1.2.3', true],
  ['1.2.3-rc.1', true],
  ['1.2', false],
  ['latest', false],
  ['^1.2.3', false],
])('%s is a version: %s', (text, is) => {
  expect(isVersion(text)).toBe(is)
})
