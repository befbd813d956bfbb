import { existsSync } from 'node:fs'
import { resolve } from 'node:path'
import { ConfigError } from '../../kernel/index.ts'
import { git } from '../git.ts'
import { PACKAGE, resolveVersion } from '../npm.ts'
import type { PackedSource } from '../packed-platform.ts'
import { compareVersions } from '../versions.ts'

/** What `ebb upgrade` was given, as a version of the registry or a file; the newest release by default. */
export async function findTarget(project: string, given: string | undefined): Promise<PackedSource> {
  if (given !== undefined && isFile(given)) {
    const file = resolve(given)
    if (!existsSync(file)) throw new ConfigError(`there is no file ${file}`)
    return { file }
  }
  if (given !== undefined && !/^[\w.^~-]+$/.test(given)) {
    throw new ConfigError(`${given} is neither a version, such as 1.2.3, nor a packed Ebb, such as ./ebb-1.2.3.tgz`)
  }
  return { version: await resolveVersion(project, given?.replace(/^v(?=\d)/, '') ?? 'latest') }
}

const isFile = (given: string) => /\.t(ar\.)?gz$|[\\/]/.test(given)

/** Throws a ConfigError for an older version, that says which commit to revert. */
export async function assertNoDowngrade(project: string, from: string, to: string): Promise<void> {
  if (compareVersions(to, from) >= 0) return
  // The commit that brought the version into package.json, as a version or in the name of a file.
  const line = `"${PACKAGE}":.*${from.replaceAll('.', '[.]')}`
  const commit = await git(project, ['log', '-1', '--format=%h', '-G', line, '--', 'package.json'])
  const isRaise = commit && (await git(project, ['cat-file', '-e', `${commit}^:./package.json`])) !== undefined
  const todo = isRaise
    ? `to go back, git revert ${commit} && npm ci (a database keeps the tables that it has)`
    : 'the project never was at an older one'
  throw new ConfigError(`${to} is older than ${from}, which this project is at: ${todo}`)
}
