import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { expect, it } from '@jest/globals'
import { testAnyRequest } from '../properties/any-request.ts'

/** None where the example was deleted. */
const sources = ['functions', 'domain']
  .filter((folder) => existsSync(folder))
  .flatMap((folder) => readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((file) => join(folder, file)))
  .filter((file) => file.endsWith('.ts'))

it('the example imports of Ebb only what any project can, since it is handed out', () => {
  const ours = /from '(\.\.\/)+(src|services|test)\//
  expect(sources.filter((file) => ours.test(readFileSync(file, 'utf8')))).toEqual([])
})

await testAnyRequest(resolve('.'))
