import { execFile } from 'node:child_process'
import { randomUUID } from 'node:crypto'
import { cp, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import type { Traffic } from './load.ts'
import { cliOf } from './running-project.ts'

/** `fresh` as it is created; `own` with functions, a role, a secret and migrations; `patched` with changes in the platform. */
export const KINDS = ['fresh', 'own', 'patched'] as const
export type Kind = (typeof KINDS)[number]

const OWN = 'test/upgrade/own'
const PATCH = {
  file: 'services/gateway/docs.ts',
  from: '<meta charset="utf-8">',
  to: '<meta charset="utf-8"><meta name="author" content="Us">',
}
/** What a patched platform shows at /docs. */
export const PATCHED_TEXT = PATCH.to

const execute = promisify(execFile)

/** Runs a program in a folder and returns what it prints. The error of one that fails holds that, too. */
export async function run(folder: string, program: string, args: readonly string[], env: NodeJS.ProcessEnv = {}) {
  const options = { cwd: folder, env: { ...process.env, ...env }, maxBuffer: 64 * 1024 * 1024 }
  const { stdout } = await execute(program, [...args], options).catch((cause) => {
    throw new Error(`${program} ${args.join(' ')} failed:\n${cause.stdout ?? ''}${cause.stderr || cause.message}`, {
      cause,
    })
  })
  return stdout
}

/** A project of the release that had no package yet: the repository itself, as at a commit. */
export async function makeCheckout(folder: string, commit: string, kind: Kind): Promise<void> {
  await mkdir(folder, { recursive: true })
  await run('.', 'sh', ['-c', 'git archive "$1" | tar x -C "$2"', 'sh', commit, folder])
  await startHistory(folder, `Ebb as of ${commit}`)
  await run(folder, 'npm', ['ci', '--ignore-scripts'])
  await makeOwn(folder, kind, folder)
}

/** A project as `ebb create` of a packed Ebb makes it. */
export async function makeProject(folder: string, packed: string, kind: Kind): Promise<void> {
  await mkdir(dirname(folder), { recursive: true })
  await run(dirname(folder), 'npx', ['--yes', '--package', packed, 'ebb', 'create', folder, '--ebb', packed, '--yes'])
  if (kind === 'patched') {
    await run(folder, 'npx', ['ebb', 'own'])
    await commitAll(folder, 'Own the platform')
  }
  await makeOwn(folder, kind, join(folder, 'ebb'))
}

async function makeOwn(folder: string, kind: Kind, platform: string): Promise<void> {
  if (kind === 'own') {
    await cp(OWN, folder, { recursive: true })
    await edit(join(folder, 'domain/roles.ts'), '= {\n', "= {\n  visitor: ['visits:write'],\n")
    await run(folder, process.execPath, [cliOf(folder), 'render'])
    await commitAll(folder, 'Count visits')
  }
  if (kind === 'patched') {
    await edit(join(platform, PATCH.file), PATCH.from, PATCH.to)
    await commitAll(folder, 'Name the reference ours')
  }
}

async function edit(file: string, from: string, to: string): Promise<void> {
  const text = await readFile(file, 'utf8')
  if (!text.includes(from)) throw new Error(`${file} has no ${from}`)
  await writeFile(file, text.replace(from, to))
}

/** Copies a project with its history and its packages: the copy is upgraded while the first one runs. */
export const copyProject = (from: string, to: string) => run('.', 'cp', ['--archive', from, to])

async function startHistory(folder: string, message: string): Promise<void> {
  await run(folder, 'git', ['init', '--quiet'])
  await commitAll(folder, message)
}

export async function commitAll(folder: string, message: string): Promise<void> {
  await run(folder, 'git', ['add', '--all'])
  const author = ['-c', 'user.name=Ada', '-c', 'user.email=ada@example.com']
  await run(folder, 'git', [...author, 'commit', '--quiet', '--allow-empty', '--message', message])
}

/** What callers do with a project: of the shop, which was part of every checkout, of what `ebb create` writes, or of `own/`. */
export function trafficOf({ kind, from }: { readonly kind: Kind; readonly from: unknown }): {
  readonly traffic: Traffic
  /** The table of what is written. */
  readonly table: string
} {
  if (kind === 'own') {
    const write = { path: '/v1/visits', body: () => ({ page: 'home' }) }
    return { traffic: { role: 'visitor', write, read: '/v1/visits' }, table: 'visits' }
  }
  if (typeof from !== 'string') {
    const write = { path: '/v1/users', body: () => ({ email: `${randomUUID()}@example.com`, name: 'Ada' }) }
    return { traffic: { role: 'customer', write, read: '/v1/products?limit=5' }, table: 'users' }
  }
  const write = { path: '/v1/notes', body: () => ({ text: randomUUID() }) }
  return { traffic: { role: 'writer', write, read: '/openapi.json' }, table: 'notes' }
}
