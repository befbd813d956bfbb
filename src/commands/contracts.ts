import { execFile } from 'node:child_process'
import { mkdir, mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { diffContracts, type Finding } from '../deploy/contracts-diff/index.ts'
import { loadContractsData } from '../deploy/load-contracts.ts'
import { ConfigError } from '../kernel/index.ts'
import { printJson } from './command.ts'
import { type Form, form, JSON_OPTION } from './form.ts'

export const contractsCommand: readonly Form[] = [
  form({
    word: 'diff',
    description:
      'List what the contracts break since a git ref, and for whom. It fails if no higher version announces it.',
    arguments: {
      ref: { value: 'GIT_REF', required: true, description: 'The commit, branch or tag to compare with.' },
    },
    options: {
      accept: {
        value: 'NAME',
        repeated: true,
        description: 'What may break without a higher version, such as functions/place-order.',
      },
      json: JSON_OPTION,
    },
    examples: ['contracts diff HEAD', 'contracts diff origin/main --accept functions/place-order'],
    run: async (project, { ref, accept, json }) => {
      const found = await compareContracts(project, ref)
      const findings = found.map((finding) =>
        finding.effect === 'breaks' && !finding.announced && accept.includes(finding.where)
          ? { ...finding, announced: '--accept' }
          : finding,
      )
      const silent = findings.filter(({ effect, announced }) => effect === 'breaks' && !announced)
      if (json) printJson({ ref, findings })
      else process.stdout.write(formatFindings(findings, silent.length, ref))
      if (silent.length > 0) process.exitCode = 1
    },
  }),
]

function formatFindings(findings: readonly Finding[], silent: number, ref: string): string {
  const lines = findings.map(({ where, effect, whom, says, announced }) => {
    const what = effect === 'breaks' ? `BREAKS ${whom}` : 'note'
    return `${where}  ${what}  ${says}${announced ? `  (announced by ${announced})` : ''}\n`
  })
  const verdict =
    silent > 0
      ? `${silent} unannounced since ${ref}: raise \`version\` in those contracts, or change them so that nothing breaks\n`
      : `Nothing breaks unannounced since ${ref}.\n`
  return [...lines, verdict, ...(silent > 0 && findings.some(breaksStored) ? [STORED] : [])].join('')
}

const breaksStored = ({ whom, announced }: Finding) => whom === 'deliveries' && !announced
const STORED = 'Events that are stored are read by a new `version` of their event() with an `upcast`.\n'

/**
 * Finds what the contracts of the working tree break compared with those at a git ref. Throws a ConfigError if there is no such
 * ref, or if the contracts of either do not load.
 */
async function compareContracts(project: string, ref: string): Promise<readonly Finding[]> {
  const { tree, remove } = await checkOutRef(project, ref)
  try {
    const before = await loadContractsData(tree).catch(rethrowAsConfigError(`at ${ref}`))
    const after = await loadContractsData(project).catch(rethrowAsConfigError('of the working tree'))
    return diffContracts(before, after)
  } finally {
    await remove()
  }
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
