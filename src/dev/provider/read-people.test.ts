import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, it } from '@jest/globals'
import { readPeople } from './read-people.ts'

const ROLES = { writer: ['notes:write'], editor: ['notes:read'] }
const folders: string[] = []
afterAll(() => Promise.all(folders.map((folder) => rm(folder, { recursive: true }))))

/** Each in a folder of its own: what was imported once stays as it was. */
async function people(text?: string) {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-people-'))
  folders.push(folder)
  await mkdir(join(folder, 'domain'))
  if (text !== undefined) await writeFile(join(folder, 'domain/people.ts'), text)
  return readPeople(folder, ROLES)
}

it('are those of domain/people.ts', async () => {
  const text = `export const people = { ada: { name: 'Ada', email: 'ada@example.com', roles: ['writer'], tenant: 'acme' } }`
  expect(await people(text)).toEqual({
    ada: { name: 'Ada', email: 'ada@example.com', roles: ['writer'], tenant: 'acme' },
  })
})

it('are one for each role where there is no such file', async () => {
  expect(Object.entries(await people()).map(([subject, { roles }]) => [subject, roles])).toEqual([
    ['writer', ['writer']],
    ['editor', ['editor']],
  ])
})

it.each([
  [
    `export const people = { ada: { name: 'Ada', email: 'ada@example.com', roles: ['owner'] } }`,
    'domain/people.ts: ada has the role owner, which domain/roles.ts does not declare',
  ],
  [`export const people = { ada: { name: 'Ada', email: 'ada', roles: [] } }`, 'domain/people.ts: ada.email: '],
  [`export const people = { 'a b': { name: 'Ada', email: 'ada@example.com', roles: [] } }`, 'domain/people.ts: a b: '],
  [
    `export const people = { ada: { name: 'Ada', email: 'ada@example.com', roles: [], tenant: '../b' } }`,
    'domain/people.ts: ada.tenant: ',
  ],
  [`export const everybody = {}`, 'domain/people.ts: '],
])('are refused with a sentence: %s', async (text, message) => {
  await expect(people(text)).rejects.toThrow(message)
})
