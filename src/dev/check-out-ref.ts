import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { ConfigFault } from '../kernel/index.ts'

export interface RefCheckout {
  /** The files of `root` as they were, with today's node_modules. */
  readonly tree: string
  remove(): Promise<void>
}

/**
 * Writes what git has of `root` at a ref into a temporary folder; neither the working tree nor git's index is touched.
 * Throws a ConfigFault where there is no git or no such ref.
 */
export async function checkOutRef(root: string, ref: string): Promise<RefCheckout> {
  const gitDir = await git(root, ['rev-parse', '--absolute-git-dir'])
  if (gitDir === undefined) throw new ConfigFault(`${root} is not in a git repository`)
  const prefix = (await git(root, ['rev-parse', '--show-prefix'])) ?? ''
  const isSafe = !ref.startsWith('-') && !ref.includes(':')
  const treeish = isSafe ? await git(root, ['rev-parse', '--verify', '--quiet', `${ref}^{commit}`]) : undefined
  if (!treeish) throw new ConfigFault(`git knows no commit called ${ref}; in a shallow clone, fetch it first`)
  const folder = await mkdtemp(join(tmpdir(), 'ebb-ref-'))
  const remove = () => rm(folder, { recursive: true, force: true })
  try {
    const tree = join(folder, 'tree')
    await mkdir(tree)
    const env = { GIT_DIR: gitDir, GIT_WORK_TREE: tree, GIT_INDEX_FILE: join(folder, 'index') }
    const written =
      (await git(tree, ['read-tree', `${treeish}:${prefix}`], env)) !== undefined &&
      (await git(tree, ['checkout-index', '--all'], env)) !== undefined
    if (!written) throw new ConfigFault(`git has no ${prefix || 'files'} at ${ref}`)
    await symlink(join(root, 'node_modules'), join(tree, 'node_modules'))
    return { tree, remove }
  } catch (fault) {
    await remove()
    throw fault
  }
}

const run = promisify(execFile)

/** What git says; undefined where it refuses. */
async function git(cwd: string, args: readonly string[], env: NodeJS.ProcessEnv = {}): Promise<string | undefined> {
  // A hook that runs this has variables of its own, which would mean another repository or index.
  const { GIT_DIR: _dir, GIT_INDEX_FILE: _index, GIT_WORK_TREE: _tree, GIT_PREFIX: _prefix, ...inherited } = process.env
  try {
    const { stdout } = await run('git', [...args], { cwd, env: { ...inherited, ...env }, maxBuffer: 64 * 1024 * 1024 })
    return stdout.trim()
  } catch (fault) {
    if (Object(fault).code === 'ENOENT') throw new ConfigFault('git is not installed here')
    return undefined
  }
}
