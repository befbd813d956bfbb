import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join, resolve } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify } from 'node:util'
import { inheritedEnv } from 'ebb/kernel'
import { projectFiles } from '../../src/project/create/project-files.ts'
import { readKit } from '../../src/project/create/read-kit.ts'
import { untilTrue } from '../support/until.ts'

const execute = promisify(execFile)

/** The addresses of a running Ebb. */
export interface Addresses {
  readonly url: string
  readonly admin: string
}

/**
 * A project as `ebb create` makes it, with the packages of this checkout, in a git repository of its own; nothing runs yet, but
 * the database has been made: it is a copy of one that was started once.
 */
export async function createPageProject() {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-docs-'))
  const root = join(folder, 'notes')
  template ??= makeTemplate()
  // As it is: with the owner that Postgres has, where we are root, and with links that are relative.
  await execute('cp', ['-a', `${await template}/.`, folder])
  return {
    root,
    write: (name: string, text: string) => writeInto(root, name, text),
    remove: () => rm(folder, { recursive: true, force: true }),
  }
}

let template: Promise<string> | undefined

/** Ends with the last page of a file. */
export async function removeTemplate(): Promise<void> {
  if (template) await rm(await template, { recursive: true, force: true })
}

async function makeTemplate(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-docs-template-'))
  const root = join(folder, 'notes')
  for (const [name, text] of Object.entries(await newProjectFiles())) await writeInto(root, name, text)
  await linkPackages(root)
  await execute(process.execPath, [join(root, 'node_modules/ebb/src/cli.ts'), 'render'], { cwd: root })
  const git = (...args: readonly string[]) =>
    execute('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], { cwd: root })
  await git('init', '--quiet', '--initial-branch', 'main')
  await git('add', '.')
  await git('commit', '--quiet', '--message', 'A project')
  await (await startProject(root)).stop()
  return folder
}

export async function writeInto(root: string, name: string, text: string | Uint8Array): Promise<void> {
  await mkdir(dirname(join(root, name)), { recursive: true })
  await writeFile(join(root, name), text)
}

/** The files that a project begins with. */
export const newProjectFiles = async () =>
  projectFiles({ name: 'notes', example: 'note', dependency: '*' }, await readKit())

/** The packages of this checkout, and the platform as `ebb`: behind a link Node runs its sources. */
async function linkPackages(root: string) {
  const platform = join(root, '../platform')
  await mkdir(platform)
  const manifest = JSON.parse(await readFile('package.json', 'utf8'))
  // As `npm run pack` writes it for `ebb own`.
  const exports = { ...manifest.exports, './tsconfig.json': './tsconfig.json', './jest-preset': './jest-preset.cjs' }
  await writeFile(join(platform, 'package.json'), JSON.stringify({ ...manifest, exports }))
  await cp('release/package', platform, { recursive: true })
  for (const name of ['src', 'services', 'charts', 'node_modules']) await symlink(resolve(name), join(platform, name))

  const to = join(root, 'node_modules')
  await mkdir(join(to, '.bin'), { recursive: true })
  const link = async (folder: string) => {
    const names = (await readdir(join('node_modules', folder))).filter(
      (name) => !name.startsWith('.') && name !== 'ebb',
    )
    await Promise.all(names.map((name) => symlink(resolve('node_modules', folder, name), join(to, folder, name))))
  }
  await link('')
  await link('.bin')
  await symlink('../../platform', join(to, 'ebb'))
  await symlink('../ebb/src/cli.ts', join(to, '.bin/ebb'))
}

interface Reported {
  readonly event: string
  readonly functions?: readonly string[]
}

/** Whether each function has its bundle: what is saved before that is in it, and is reported by no reload. */
async function isPrepared(root: string): Promise<boolean> {
  const [functions, bundles] = await Promise.all(['functions', '.ebb/bundles'].map((at) => readdir(join(root, at))))
  return (functions ?? []).every((name) => bundles?.some((file) => file.startsWith(`${name}-`)))
}

/** Starts the Ebb of a project, as `npm start` does, on ports of its own where `env` says no other; its data stay in `.ebb`. */
export async function startProject(root: string, env: Readonly<Record<string, string>> = {}) {
  const child = spawn(process.execPath, [join(root, 'node_modules/ebb/src/cli.ts'), 'dev', '--json'], {
    cwd: root,
    env: {
      ...inheritedEnv(['PATH', 'HOME', 'NODE_COMPILE_CACHE']),
      PORT: '0',
      EBB_ADMIN_PORT: '0',
      EBB_IDLE_MS: '60000',
      EBB_START_TIMEOUT_MS: '300000',
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const lines: string[] = []
  const complaints: string[] = []
  createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
  createInterface({ input: child.stderr }).on('line', (line) => complaints.push(line))
  const exited = once(child, 'close')
  await untilTrue(() => lines.length > 0 || child.exitCode !== null, {
    limitMs: 300_000,
    what: 'Ebb is ready or ended',
  })
  const [first] = lines
  if (first === undefined) throw new Error(complaints.join('\n'))
  // The first line is what it announces when it is ready.
  const ready = JSON.parse(first) as Addresses
  await untilTrue(() => isPrepared(root), { limitMs: 300_000, what: 'each function is bundled' })
  let seen = 0
  /** Whether it has reported since the last call that it serves a function as it is now, or why it does not. */
  const hasServed = (name: string) => {
    const events = lines.slice(seen).map((line): Reported => JSON.parse(line))
    const found = events.some(
      ({ event, functions }) => event === 'fault' || (event === 'reload' && functions?.includes(name)),
    )
    if (found) seen = lines.length
    return found
  }
  const stop = async () => {
    child.kill('SIGINT')
    await exited
  }
  return {
    ready,
    stop,
    /** Waits until what was saved of a function is served. A person is slower than that. */
    served: (name: string) => untilTrue(() => hasServed(name), { what: `${name} is served`, limitMs: 300_000 }),
  }
}
