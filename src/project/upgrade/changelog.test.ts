import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { readChanges } from './changelog.ts'

const TEXT = `# Changelog

## Unreleased

Not yet.

## 0.4.0 (2026-12-03)

Nothing to do.

## [0.3.0] - 2026-12-02

### Added

- A thing.

### For users

- Do this.
  Then that.

### Fixed

- Another thing.

## 0.2.0

Old.
`

let folder: string
let file: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-changelog-'))
  file = join(folder, 'CHANGELOG.md')
  await writeFile(file, TEXT)
})
afterAll(() => rm(folder, { recursive: true, force: true }))

it('reads what the versions between say to users, the oldest first', async () => {
  expect(await readChanges(file, { from: '0.2.0', to: '0.4.0' })).toEqual([
    { version: '0.3.0', lines: ['- Do this.', '  Then that.'] },
    { version: '0.4.0', lines: ['Nothing to do.'] },
  ])
  expect(await readChanges(file, { from: '0.3.0', to: '0.3.5' })).toEqual([])
})

it('reads nothing where there is no file', async () => {
  expect(await readChanges(join(folder, 'none.md'), { from: '0.2.0', to: '0.4.0' })).toEqual([])
})
