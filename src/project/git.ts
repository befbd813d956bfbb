import { ConfigError } from '../kernel/index.ts'
import { runInProject } from './run-in-project.ts'

/** Runs git in a project and returns its output; undefined if git fails. */
export async function git(project: string, args: readonly string[]): Promise<string | undefined> {
  const { code, stdout } = await runInProject(project, 'git', args)
  return code === 0 ? stdout.trimEnd() : undefined
}

/** The commit that a project is at. Throws a ConfigError where git has none, since nothing could be undone. */
export async function readHead(project: string): Promise<string> {
  const head = await git(project, ['rev-parse', '--verify', '--quiet', 'HEAD'])
  if (head !== undefined) return head
  throw new ConfigError('this needs a commit to go back to: git init && git add --all && git commit -m "Before"')
}

/** The paths in the project that differ from its last commit, from those that git ignores apart. */
export async function findUncommitted(project: string): Promise<readonly string[]> {
  const status = await git(project, ['status', '--porcelain=v1', '-z', '--untracked-files=all', '--no-renames', '.'])
  return (status ?? '').split('\0').flatMap((line) => (line === '' ? [] : [line.slice(3)]))
}

/** Throws a ConfigError that names what is not committed. */
export async function assertCommitted(project: string): Promise<void> {
  const paths = await findUncommitted(project)
  if (paths.length === 0) return
  const named = paths.length > 3 ? [...paths.slice(0, 3), `${paths.length - 3} more`] : paths
  throw new ConfigError(
    `${named.join(', ')}: not committed; commit first (or git stash --include-untracked), so that this can be undone`,
  )
}

/**
 * The one git command that takes away what is not committed, new files included. It is a stash, so that nothing is lost by it:
 * `git stash pop` brings it back.
 */
export async function undoCommand(project: string): Promise<string> {
  const isWhole = (await git(project, ['rev-parse', '--show-prefix'])) === ''
  return isWhole ? 'git stash --include-untracked' : 'git stash push --include-untracked -- .'
}
