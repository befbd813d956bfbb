import { expect, it } from '@jest/globals'
import { findTemplate, type TestServer } from './test-server.ts'

const urls = { owner: '', gateway: '', relay: '', functions: '' }
const server: TestServer = {
  urls,
  templates: { '': 'of_all', '/work/shop': 'of_the_shop', '/work/shop/functions/own': 'of_one' },
}

it.each([
  ['/work/src/a.test.ts', 'of_all'],
  ['/work/shopping/a.test.ts', 'of_all'],
  ['/work/shop/functions/a.test.ts', 'of_the_shop'],
  ['/work/shop/functions/own/a.test.ts', 'of_one'],
])('the database of %s is cloned from %s', (file, template) => {
  expect(findTemplate(server, file)).toBe(template)
})

it('says for which test there is no database', () => {
  const none = { urls, templates: { '/work/shop': 'of_the_shop' } }
  expect(() => findTemplate(none, '/work/a.test.ts')).toThrow('no database was made for the tests in /work/a.test.ts')
})
