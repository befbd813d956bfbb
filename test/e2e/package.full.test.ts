import { execFile, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { delimiter, join } from 'node:path'
import { createInterface } from 'node:readline'
import { promisify, stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { inheritedEnv } from 'ebb/kernel'
import { pack } from '../../release/pack.ts'
import { blocksOf } from '../docs/page-blocks.ts'
import { consoleSteps, toPattern } from '../support/console-steps.ts'
import { startRegistry } from '../support/npm-registry.ts'
import { untilTrue } from '../support/until.ts'

/** A machine with Node and npm, on which nothing of this repository is: of PATH, not what its packages bring. */
const PATH = (process.env.PATH ?? '')
  .split(delimiter)
  .filter((folder) => !folder.includes('node_modules'))
  .join(delimiter)
const MAX_FILES = 30
const MAX_LINES = 400

const execute = promisify(execFile)
let folder: string
let project: string
let registry: Awaited<ReturnType<typeof startRegistry>>
let env: NodeJS.ProcessEnv
let created: string

const run = async (program: string, args: readonly string[], cwd = project): Promise<string> => {
  const { stdout, stderr } = await execute(program, [...args], { cwd, env, maxBuffer: 64 * 1024 * 1024 })
  return stripVTControlCharacters(stdout + stderr).replaceAll('\r', '')
}
const git = (...args: readonly string[]) => run('git', args)

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb package '))
  project = join(folder, 'my api')
  registry = await startRegistry()
  registry.publish(await pack(folder))
  const author = { GIT_AUTHOR_NAME: 'Ada', GIT_AUTHOR_EMAIL: 'ada@example.com' }
  const committer = { GIT_COMMITTER_NAME: 'Ada', GIT_COMMITTER_EMAIL: 'ada@example.com' }
  const home = { HOME: folder, npm_config_cache: process.env.npm_config_cache ?? join(process.env.HOME ?? '', '.npm') }
  env = {
    PATH,
    ...inheritedEnv(['NODE_COMPILE_CACHE']),
    ...home,
    ...author,
    ...committer,
    npm_config_registry: registry.url,
    EBB_HOME: join(folder, '.ebb'),
  }
  created = await run('npx', ['--yes', 'ebb', 'create', 'my api', '--name', 'my-api', '--yes'], folder)
}, 600_000)
afterAll(async () => {
  registry.close()
  await rm(folder, { recursive: true, force: true })
})

describe('a project that ebb create wrote', () => {
  it('is one commit of few files and lines, with nothing of the shop', async () => {
    expect(created).toContain('my-api is ready.')
    expect((await git('status', '--porcelain')).trim()).toBe('')
    const files = (await git('ls-files', '-z')).split('\0').filter(Boolean)
    const attributes = await git('check-attr', 'linguist-generated', ...files)
    const own = files.filter((_, i) => attributes.split('\n')[i]?.endsWith('unspecified'))
    const texts = await Promise.all(own.map((file) => readFile(join(project, file), 'utf8')))
    const lines = texts.map((text) => text.split('\n').length - 1).reduce((sum, count) => sum + count, 0)
    process.stdout.write(`ebb create: ${own.length} files of ${lines} lines are not rendered\n`)
    expect(own.length).toBeLessThanOrEqual(MAX_FILES)
    expect(lines).toBeLessThanOrEqual(MAX_LINES)
    // The hashes of the lock file say all kinds of things. Where it finds nothing, it ends with 1.
    const words = ['shop', 'product', 'products'].flatMap((word) => ['-e', word])
    const found = git('grep', '--ignore-case', '--word-regexp', ...words, '--', ':!package-lock.json')
    await expect(found).rejects.toMatchObject({ code: 1, stdout: '' })
  })

  it('installs by its lock file, names no registry, and passes its own check', async () => {
    expect(await readFile(join(project, 'package-lock.json'), 'utf8')).not.toContain(registry.url)
    await run('npm', ['ci'])
    expect(await run('npm', ['run', 'check'])).toMatch(/Tests: +\d+ passed, \d+ total/)
  })

  it('builds what its images hold', async () => {
    const out = join(folder, 'images')
    const built = await run('npm', ['run', 'build', '--', '--out', out])
    for (const name of ['create-note', 'count-words', 'gateway', 'relay', 'migrate']) expect(built).toContain(name)
  })
})

describe('what its pages say', () => {
  let end: () => Promise<void>
  let ports: readonly [gateway: string, admin: string]
  beforeAll(async () => {
    const child = spawn('npm', ['start', '--', '--json'], {
      ...{ cwd: project, env: { ...env, PORT: '0', EBB_ADMIN_PORT: '0' }, stdio: ['ignore', 'pipe', 'pipe'] },
      detached: true,
    })
    let ready: { url: string; admin: string } | undefined
    const lines: string[] = []
    createInterface({ input: child.stdout }).on('line', (line) => {
      lines.push(line)
      if (line.startsWith('{"event":"ready"')) ready = JSON.parse(line)
    })
    child.stderr.on('data', (text) => lines.push(String(text)))
    const closed = once(child, 'close')
    await untilTrue(() => ready !== undefined || child.exitCode !== null, { limitMs: 120_000, what: 'npm start' })
    if (!ready) throw new Error(lines.join('\n'))
    ports = [new URL(ready.url).host, new URL(ready.admin).host]
    end = async () => {
      // As Ctrl-C does, to the whole group.
      process.kill(-(child.pid ?? 0), 'SIGINT')
      await closed
    }
  }, 180_000)
  afterAll(() => end())

  let before = ''

  /** Runs a command as pasted after those before it, against the Ebb of this test instead of the one on port 8080. */
  async function paste(command: string): Promise<string> {
    const here = command.replaceAll('localhost:8080', ports[0]).replaceAll('localhost:8081', ports[1])
    const [, variable] = /^([A-Z]+)=\$/.exec(command) ?? []
    if (!variable) return (await run('bash', ['-c', before + here])).replace(/(?<=[^\n])$/, '\n')
    before += `${variable}='${(await run('bash', ['-c', `${before}${here}; printf %s "$${variable}"`])).trimEnd()}'\n`
    return ''
  }

  it.each(['README.md', 'AGENTS.md'])('%s', async (page) => {
    const blocks = blocksOf(join(project, page)).filter(({ language }) => language === 'console')
    const steps = blocks.flatMap(({ text }) => consoleSteps(text))
    expect(steps.length).toBeGreaterThan(4)
    for (const { command, says } of steps) {
      const pattern = toPattern(says)
      let printed = await paste(command)
      const matches = async () => {
        if (pattern.test(printed)) return true
        printed = await paste(command)
        return false
      }
      // What goes on in the background after a command: an event on its way to its subscriber.
      if (command.includes('ebb events')) await untilTrue(matches).catch(() => {})
      if (says.length > 0) expect(printed).toMatch(pattern)
    }
    process.stdout.write(`${page} of a new project: ${steps.length} commands ran\n`)
  })
})
