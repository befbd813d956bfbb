import { resolve } from 'node:path'
import { startTestServer } from '../../src/testing/start-test-server.ts'
import { TEST_PROJECT } from './project.ts'

/** The platform is tested with the tables of the tests' project; the example, with its own. */
export default async function start() {
  const example = resolve('.')
  const ofExample = ['functions', 'domain', 'test/example'].map((folder) => [resolve(folder), example])
  await startTestServer({ '': TEST_PROJECT, ...Object.fromEntries(ofExample) })
}
