import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach } from '@jest/globals'
import { spawnCli } from '../../../test/support/cli.ts'
import type { CreateArguments } from './create-options.ts'
import { completeOptions, createProject } from './index.ts'
import { readKit } from './read-kit.ts'

/** Git on a machine where it is set up, and not as this one's user has it. */
export const GIT_ENV = {
  ...{ GIT_AUTHOR_NAME: 'Ada', GIT_AUTHOR_EMAIL: 'ada@example.com' },
  ...{ GIT_COMMITTER_NAME: 'Ada', GIT_COMMITTER_EMAIL: 'ada@example.com' },
  ...{ GIT_CONFIG_GLOBAL: '/dev/null', GIT_CONFIG_SYSTEM: '/dev/null' },
}

/** A folder for each test, with a space in its path, and projects created in it. It declares hooks of jest. */
export function createIn() {
  let folder = ''
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ebb create-'))
  })
  afterEach(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }))
  const at = (path: string) => join(folder, path)
  return {
    at,
    /** Writes the files of a project, in this process; resolves to what was printed. */
    writeFiles: async (path: string, given: Partial<CreateArguments> = {}) => {
      const lines: string[] = []
      const open = { name: undefined, example: undefined, ebb: undefined, yes: true }
      const options = completeOptions(at(path), { ...open, ...given, install: false, git: false })
      await createProject(options, await readKit(), (line) => void lines.push(line))
      return lines.join('\n')
    },
    /** Runs `ebb create`. */
    create: (path: string, args: readonly string[] = [], env: Readonly<Record<string, string>> = {}) =>
      spawnCli(['create', at(path), ...args], { env: { ...GIT_ENV, ...env } }).ended,
  }
}
