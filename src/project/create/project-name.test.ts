import { describe, expect, it } from '@jest/globals'
import { assertProjectName, suggestName } from './project-name.ts'

describe('the name of a project', () => {
  it.each(['a', 'my-api', 'api2', 'a'.repeat(40)])('may be %s', (name) => {
    expect(() => assertProjectName(name)).not.toThrow()
  })

  it.each(['', 'My-Api', '2api', 'my_api', 'my.api', '-a', 'a-', 'a'.repeat(41), '@team/api', 'é', 'node modules'])(
    'may not be "%s"',
    (name) => {
      expect(() => assertProjectName(name)).toThrow(
        /is no name for npm and DNS: choose .* such as --name [a-z][a-z0-9-]*$/,
      )
    },
  )

  it.each(['ebb', 'zod', 'http'])('may not be that of a package that it uses: %s', (name) => {
    expect(() => assertProjectName(name)).toThrow(/choose another one with --name$/)
  })

  it.each([
    ['My API', 'my-api'],
    ['2 things_and-more!', 'things-and-more'],
    ['ebb', 'my-api'],
    ['日本', 'my-api'],
    [`${'a'.repeat(39)}-b`, 'a'.repeat(39)],
  ])('is suggested for %s as %s', (text, name) => {
    expect(suggestName(text)).toBe(name)
    expect(() => assertProjectName(name)).not.toThrow()
  })
})
