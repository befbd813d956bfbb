import { expect, it } from '@jest/globals'
import { findProject, findTemplate, type TestServer } from './test-server.ts'

const urls = { owner: '', gateway: '', relay: '', functions: '' }
const server: TestServer = {
  urls,
  templates: { '': 'of_all', '/home/ada/api': 'of_the_project', '/home/ada/api/functions/own': 'of_one' },
  projects: { '': '/home/ada', '/home/ada/api': '/home/ada/api' },
}

it.each([
  ['/home/ada/src/a.test.ts', 'of_all'],
  ['/home/ada/apibook/a.test.ts', 'of_all'],
  ['/home/ada/api/functions/a.test.ts', 'of_the_project'],
  ['/home/ada/api/functions/own/a.test.ts', 'of_one'],
])('the database of %s is cloned from %s', (file, template) => {
  expect(findTemplate(server, file)).toBe(template)
})

it.each([
  ['/home/ada/src/a.test.ts', '/home/ada'],
  ['/home/ada/api/functions/own/a.test.ts', '/home/ada/api'],
])('%s is about the project in %s', (file, project) => {
  expect(findProject(server, file)).toBe(project)
})

it('says for which test there is no database', () => {
  const none = { urls, projects: {}, templates: { '/home/ada/api': 'of_the_project' } }
  expect(() => findTemplate(none, '/home/ada/a.test.ts')).toThrow(
    'no database was made for the tests in /home/ada/a.test.ts',
  )
})
