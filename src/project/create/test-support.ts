import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from '@jest/globals'
import { spawnCli } from '../../../test/support/cli.ts'

/** Git on a machine where it is set up, and not as this one's user has it. */
export const GIT_ENV = {
  ...{ GIT_AUTHOR_NAME: 'Ada', GIT_AUTHOR_EMAIL: 'ada@example.com' },
  ...{ GIT_COMMITTER_NAME: 'Ada', GIT_COMMITTER_EMAIL: 'ada@example.com' },
  ...{ GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' },
}
export const FILES_ONLY = ['--no-install', '--no-git']

/** A folder for each test, with a space in its path, and `ebb create` in it. It declares hooks of jest. */
export function createIn() {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ebb create-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  const at = (path: string) => join(folder, path)
  return {
    at,
    create: (path: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) =>
      spawnCli(['create', at(path), ...args], { env: { ...GIT_ENV, ...env } }).ended,
  }
}
