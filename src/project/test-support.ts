import { execFileSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll } from '@jest/globals'

type Files = Readonly<Record<string, string>>

/** Writes files below a folder. */
export async function writeFiles(folder: string, files: Files): Promise<void> {
  for (const [name, text] of Object.entries(files)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
}

/**
 * The command of a package that stands in for Ebb's: it writes what it was called with last, and fails where the project has a
 * file `broken`.
 */
const CLI = `import { existsSync, readFileSync, writeFileSync } from 'node:fs'
const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8'))
if (existsSync('broken')) {
  process.stderr.write('ebb: something is broken\\n')
  process.exit(1)
}
writeFileSync('applied.txt', [version, ...process.argv.slice(2)].join(' ') + '\\n')
process.stdout.write('applied ' + version + '\\n')
`

interface StandInOptions {
  /** Beside package.json and the command. */
  readonly source?: Files
  readonly dependencies?: Readonly<Record<string, string>>
}

/** Packs a package called ebb, as `npm pack` does. */
export async function packStandIn(
  folder: string,
  version: string,
  { source = {}, dependencies = {} }: StandInOptions = {},
): Promise<string> {
  const stage = join(folder, `stage-${version}`)
  const manifest = { name: 'ebb', version, type: 'module', bin: { ebb: 'bin/cli.js' }, dependencies }
  await writeFiles(join(stage, 'package'), {
    'package.json': JSON.stringify({ ...manifest, files: ['bin', 'source'] }),
    'bin/cli.js': CLI,
    'source/package.json': `${JSON.stringify({ ...manifest, private: true }, undefined, 2)}\n`,
    'source/bin/cli.js': CLI,
    ...Object.fromEntries(Object.entries(source).map(([name, text]) => [`source/${name}`, text])),
  })
  const file = join(folder, `ebb-${version}.tgz`)
  execFileSync('tar', ['-czf', file, '-C', stage, 'package'])
  return file
}

const INSTALLED = ['node_modules', 'package-lock.json']

/** A folder for a test file, and in it projects that are git repositories. */
export function testProjects() {
  let folder = ''
  let count = 0
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ebb project '))
  })
  afterAll(() => rm(folder, { recursive: true, force: true }))

  /** A project that has a packed platform installed, all of it committed. */
  async function create(packed: string, files: Files = {}, within = folder): Promise<TestProject> {
    count += 1
    const root = join(within, `project ${count}`)
    const version = /ebb-(.*)\.tgz$/.exec(packed)?.[1] ?? ''
    const vendored = `vendor/ebb-${version}.tgz`
    const manifest = { name: 'team', private: true, type: 'module', dependencies: { ebb: `file:${vendored}` } }
    await writeFiles(root, {
      'package.json': `${JSON.stringify(manifest, undefined, 2)}\n`,
      '.gitignore': 'node_modules/\n.ebb/\n',
      '.npmrc': 'audit=false\nfund=false\nupdate-notifier=false\n',
      ...files,
    })
    await mkdir(join(root, 'vendor'), { recursive: true })
    await writeFile(join(root, vendored), await readFile(packed))
    const run = (program: string, ...args: readonly string[]) =>
      execFileSync(program, [...args], { cwd: root, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] })
    const git = (...args: readonly string[]) =>
      run('git', '-c', 'user.name=Ada', '-c', 'user.email=ada@example.com', ...args)
    // What npm makes of it is the same for all projects with this package.
    const installed = join(folder, `installed ${version}`)
    if (!existsSync(installed)) {
      run('npm', 'install', '--offline')
      for (const name of INSTALLED) await cp(join(root, name), join(installed, name), { recursive: true })
    }
    for (const name of INSTALLED) await cp(join(installed, name), join(root, name), { recursive: true })
    git('init', '--quiet')
    git('add', '--all')
    git('commit', '--quiet', '--message', 'Begin')
    return {
      ...{ root, run, git },
      read: (name) => readFile(join(root, name), 'utf8'),
      write: (name, text) => writeFiles(root, { [name]: text }),
      has: (name) => existsSync(join(root, name)),
      commit: () => void [git('add', '--all'), git('commit', '--quiet', '--allow-empty', '--message', 'Change')],
      status: () => git('status', '--porcelain', '--untracked-files=all').trim(),
    }
  }
  return { create }
}

/** A project of a test. */
export interface TestProject {
  readonly root: string
  run(program: string, ...args: readonly string[]): string
  git(...args: readonly string[]): string
  read(name: string): Promise<string>
  write(name: string, text: string): Promise<void>
  has(name: string): boolean
  commit(): void
  /** What git says has changed. */
  status(): string
}
