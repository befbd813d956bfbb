import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ConfigError } from '../../kernel/index.ts'
import type { ContractsData } from '../contracts-data.ts'
import { loadContractsData } from '../load-contracts.ts'
import { diffContracts } from './diff-contracts.ts'
import type { Finding } from './finding.ts'

/**
 * Finds what the contracts of the working tree break compared with those at a git ref. Throws a ConfigError if there is no such
 * ref, or if the contracts of either do not load.
 */
export async function compareWithRef(project: string, ref: string): Promise<readonly Finding[]> {
  const { tree, remove } = await checkOutRef(project, ref)
  try {
    const before = await loadContractsData(tree).catch(rethrowAsConfigError(`at ${ref}`))
    const after = await loadContractsData(project).catch(rethrowAsConfigError('of the working tree'))
    return diffContracts(before, after)
  } finally {
    await remove()
  }
}

/** The same, compared with contracts that run somewhere, as a gateway describes them. */
export async function compareWithData(project: string, before: unknown): Promise<readonly Finding[]> {
  const after = await loadContractsData(project).catch(rethrowAsConfigError('of the working tree'))
  // A gateway writes them with this very function, of its own version.
  return diffContracts(before as ContractsData, after)
}

const rethrowAsConfigError = (where: string) => (error: unknown) => {
  const { message } = Object(error) as Partial<Error>
  throw new ConfigError(`the contracts ${where} do not load: ${message ?? error}`)
}

interface RefCheckout {
  /** The files of `project` at that ref, with the current node_modules. */
  readonly tree: string
  remove(): Promise<void>
}

/**
 * Checks `project` out at a git ref into a temporary folder, without touching the working tree or git's index. Throws a
 * ConfigError if there is no git or no such ref.
 */
async function checkOutRef(project: string, ref: string): Promise<RefCheckout> {
  const gitDir = await git(project, ['rev-parse', '--absolute-git-dir'])
  if (gitDir === undefined) throw new ConfigError(`${project} is not in a git repository`)
  const prefix = (await git(project, ['rev-parse', '--show-prefix'])) ?? ''
  const isSafe = !ref.startsWith('-') && !ref.includes(':')
  const treeish = isSafe ? await git(project, ['rev-parse', '--verify', '--quiet', `${ref}^{commit}`]) : undefined
  if (!treeish) throw new ConfigError(`git knows no commit called ${ref}; in a shallow clone, fetch it first`)
  const folder = await mkdtemp(join(tmpdir(), 'ebb-ref-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    const tree = join(folder, 'tree')
    await mkdir(tree)
    const env = { GIT_DIR: gitDir, GIT_WORK_TREE: tree, GIT_INDEX_FILE: join(folder, 'index') }
    const written =
      (await git(tree, ['read-tree', `${treeish}:${prefix}`], env)) !== undefined &&
      (await git(tree, ['checkout-index', '--all'], env)) !== undefined
    if (!written) throw new ConfigError(`git has no ${prefix || 'files'} at ${ref}`)
    await symlink(join(project, 'node_modules'), join(tree, 'node_modules'))
    return { tree, remove }
  } catch (error) {
    await remove()
    throw error
  }
}

const execute = promisify(execFile)

/** Runs git and returns its output; undefined if git fails. */
async function git(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string | undefined> {
  // A git hook that runs this sets these variables, which would select another repository or index.
  const { GIT_DIR: _dir, GIT_INDEX_FILE: _index, GIT_WORK_TREE: _tree, GIT_PREFIX: _prefix, ...inherited } = process.env
  try {
    const { stdout } = await execute('git', [...args], {
      cwd,
      env: { ...inherited, ...env },
      maxBuffer: 64 * 1024 * 1024,
    })
    return stdout.trim()
  } catch (error) {
    if (Object(error).code === 'ENOENT') throw new ConfigError('git is not installed here')
    return undefined
  }
}
