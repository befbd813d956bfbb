import { describe, expect, it } from '@jest/globals'
import { previewNames, previewOfDatabase, previewOfRole, readPreviewName } from './preview-names.ts'
import { readTtl } from './read-ttl.ts'

const RULE =
  "a preview's name has at most 40 lowercase letters, digits and hyphens, begins with a letter and ends with no hyphen"

describe('the name of a preview', () => {
  it.each(['pr-12', 'a', `a${'b'.repeat(39)}`])('may be %s', (name) => expect(readPreviewName(name)).toBe(name))

  it.each([
    ['Feature/Login_Page', ': such as feature-login-page'],
    ['12-fix', ': such as fix'],
    ['pr-', ': such as pr'],
    [`a${'b'.repeat(40)}`, `: such as a${'b'.repeat(39)}`],
    ["x'; drop database ebb", ': such as x-drop-database-ebb'],
    ['', ''],
    ['42', ''],
  ])('cannot be %j', (text, near) => expect(() => readPreviewName(text)).toThrow(`${RULE}${near}`))

  it('says what belongs to it, within what Postgres and Kubernetes take, and is found by that', () => {
    const long = previewNames(`a-${'b'.repeat(38)}`)
    expect(long.namespace.length).toBeLessThanOrEqual(63)
    for (const role of Object.values(long.roles)) {
      expect(role).toMatch(/^[a-z_][a-z0-9_]{0,62}$/)
      expect(previewOfRole(role)).toBe(long.name)
    }
    expect(previewOfDatabase(long.database)).toBe(long.name)
    expect([previewOfDatabase('ebb'), previewOfRole('ebb_owner'), previewOfRole('preview_a')]).toEqual([
      ...[undefined, undefined, undefined],
    ])
  })
})

describe('the time that a preview lives', () => {
  it.each([
    ['1m', 60],
    ['8h', 28_800],
    ['20d', 1_728_000],
  ])('%s are %d s', (text, seconds) => expect(readTtl(text)).toBe(seconds))

  it.each(['', '8', '0m', '21d', '-1h', '1w', '1.5h'])('cannot be %j', (text) =>
    expect(() => readTtl(text)).toThrow('a time is a number of minutes, hours or days, from 1m to 20d, such as 8h'),
  )
})
