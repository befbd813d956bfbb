import { readFileSync } from 'node:fs'
import { expect, it } from '@jest/globals'
import { expectGoldenFile } from '../support/golden-file.ts'
import { adminApiPage } from './admin-api-page.ts'
import { commandLinePage } from './command-line-page.ts'
import { commentsByName, ownSettings, settingsPage } from './settings-page.ts'

it('docs/reference/settings.md is what the settings say: npm test -- test/docs -u writes it', () => {
  expectGoldenFile('docs/reference/settings.md', settingsPage())
})

it('each setting says what it does', () => {
  const comments = commentsByName(readFileSync('src/kernel/settings.ts', 'utf8'))
  expect(ownSettings().filter((name) => !comments[name])).toEqual([])
})

it('docs/reference/command-line.md is what the commands say: npm test -- test/docs -u writes it', async () => {
  expectGoldenFile('docs/reference/command-line.md', await commandLinePage())
})

it('docs/reference/admin-api.md is what the endpoints say: npm test -- test/docs -u writes it', () => {
  expectGoldenFile('docs/reference/admin-api.md', adminApiPage())
})
