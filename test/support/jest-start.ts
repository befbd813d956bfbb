import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { startTestServer } from '../../src/testing/start-test-server.ts'
import { TEST_PROJECT } from './project.ts'

/** The platform is tested with the tables of the tests' project; the example, with its own. */
export default async function start() {
  // The many processes that tests start read the same hundreds of files: a command takes half as long where they are compiled.
  process.env.NODE_COMPILE_CACHE = await mkdtemp(join(tmpdir(), 'ebb-compile-cache-'))
  const example = resolve('.')
  const ofExample = ['functions', 'domain', 'test/example'].map((folder) => [resolve(folder), example])
  await startTestServer({ '': TEST_PROJECT, ...Object.fromEntries(ofExample) })
}
