import { execFileSync, spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { cpSync, mkdirSync, mkdtempSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import { loadContractsData } from '../deploy/load-contracts.ts'

/** A checkout in a repository of its own, below a folder of it; only its contracts are its own. */
let repository: string
let root: string

const git = (...args: string[]) =>
  execFileSync('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], {
    ...{ cwd: repository, encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] },
  })

const PROGRAM = `
  import { contractsCommand } from ${JSON.stringify(resolve('src/commands/contracts.ts'))}
  import { runVerb } from ${JSON.stringify(resolve('src/commands/run-verb.ts'))}
  const [project, ...args] = process.argv.slice(1)
  await runVerb('contracts', contractsCommand, { project, args }).catch((error) => {
    console.error(error.message)
    process.exitCode = 2
  })`

function ebb(...args: readonly string[]) {
  const program = ['--input-type=module', '--eval', PROGRAM, root, 'diff', ...args]
  const { status, stdout, stderr } = spawnSync(resolve('node_modules/.bin/node'), program, { encoding: 'utf8' })
  return { status, lines: stdout.trim().split('\n'), stderr }
}

const CONTRACT = `
  import { endpoint } from 'ebb/contract'
  import * as z from 'zod'
  import { Name } from '../../domain/name.ts'
  export default endpoint({
    name: 'greet', summary: 'Greet.', method: 'POST', path: '/v1/greet', access: {},
    body: z.object({ name: Name.optional() }),
    reply: { status: 200, body: z.object({ text: z.string() }) },
  })`

function write(name: string, text: string) {
  const file = join(root, name)
  mkdirSync(join(file, '..'), { recursive: true })
  writeFileSync(file, text)
}

const greet = (edit: (text: string) => string = (text) => text) => write('functions/greet/contract.ts', edit(CONTRACT))
const domain = (text: string) => write('domain/name.ts', `import * as z from 'zod'\nexport const Name = ${text}`)

beforeAll(() => {
  repository = mkdtempSync(join(tmpdir(), 'ebb-diff-'))
  root = join(repository, 'team/api')
  domain('z.string().max(20)')
  for (const part of ['package.json', 'src']) cpSync(part, join(root, part), { recursive: true })
  git('init', '--quiet')
  git('add', '.')
  git('commit', '--quiet', '--message', 'no functions yet')
  greet()
  git('add', '.')
  git('commit', '--quiet', '--message', 'one function')
  symlinkSync(resolve('node_modules'), join(root, 'node_modules'))
})
beforeEach(() => {
  domain('z.string().max(20)')
  greet()
})
afterAll(() => rmSync(repository, { recursive: true, force: true }))

describe('ebb contracts diff', () => {
  it('passes if nothing changed, and leaves working tree and index alone', () => {
    const before = [git('status', '--porcelain'), git('worktree', 'list')]
    const folders = () => readdirSync(tmpdir()).filter((name) => name.startsWith('ebb-ref-'))
    const left = folders()
    expect(ebb('HEAD')).toMatchObject({ status: 0, lines: ['Nothing breaks unannounced since HEAD.'] })
    expect([git('status', '--porcelain'), git('worktree', 'list')]).toEqual(before)
    expect(folders()).toEqual(left)
  })

  it('passes a new function, compared with a commit without functions', () => {
    expect(ebb('HEAD~1')).toMatchObject({ status: 0 })
  })

  it('fails if callers break, in the contract or in what it imports', () => {
    greet((text) => text.replace('Name.optional()', 'Name'))
    domain('z.string().max(10)')
    expect(ebb('HEAD')).toMatchObject({
      status: 1,
      lines: [
        'functions/greet  BREAKS callers  body.name is required now',
        'functions/greet  BREAKS callers  body.name: maxLength is 10 now, and was 20',
        expect.stringMatching(/^2 unannounced since HEAD/),
      ],
    })
  })

  it('passes what a higher version announces', () => {
    greet((text) => text.replace('Name.optional()', 'Name').replace('access: {}', "access: {}, version: '2'"))
    expect(ebb('HEAD')).toMatchObject({
      status: 0,
      lines: [
        'functions/greet  BREAKS callers  body.name is required now  (announced by version 1 → 2)',
        'Nothing breaks unannounced since HEAD.',
      ],
    })
  })

  it('fails if a function is removed, unless it is accepted by name', () => {
    rmSync(join(root, 'functions/greet'), { recursive: true })
    const { status, lines } = ebb('HEAD', '--json')
    expect(status).toBe(1)
    const finding = { where: 'functions/greet', effect: 'breaks', whom: 'callers', says: 'POST /v1/greet is gone' }
    expect(JSON.parse(lines.join(''))).toEqual({ ref: 'HEAD', findings: [finding] })
    expect(ebb('HEAD', '--accept', 'functions/greet')).toMatchObject({ status: 0 })
    expect(ebb('HEAD', '--accept', 'functions/other')).toMatchObject({ status: 1 })
  })

  it.each(['nowhere', '--output=x', 'HEAD:team'])('refuses %s, which is not a commit, in one sentence', (ref) => {
    const { status, stderr } = ebb('--', ref)
    expect({ status, stderr }).toEqual({
      ...{ status: 2, stderr: `git knows no commit called ${ref}; in a shallow clone, fetch it first\n` },
    })
  })

  it('names the contracts that do not load', () => {
    greet((text) => text.replace("'/v1/greet'", "'v1'"))
    expect(ebb('HEAD').stderr).toMatch(
      /^the contracts of the working tree do not load: functions\/greet\/contract.ts: /,
    )
  })
})

it('compares with what runs, as its gateway describes it', async () => {
  greet()
  const running = JSON.stringify(await loadContractsData(root))
  const server = createServer(({ url, headers }, response) => {
    const isAsked = url === '/v1/contracts/data' && headers.authorization === 'Bearer the-key-of-an-operator'
    response.writeHead(isAsked ? 200 : 401).end(isAsked ? running : '{}')
  }).listen(0, '127.0.0.1')
  await once(server, 'listening')
  const admin = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  greet((contract) => contract.replace('Name.optional()', 'Name'))
  const program = ['--input-type=module', '--eval', PROGRAM, root, 'diff', '--running', '--admin', admin]
  const child = spawn(resolve('node_modules/.bin/node'), program, {
    env: { ...process.env, EBB_ADMIN_KEY: 'the-key-of-an-operator' },
  })
  const [out, [status]] = await Promise.all([text(child.stdout), once(child, 'exit')])
  server.close()
  expect([status, out]).toEqual([
    1,
    expect.stringContaining('functions/greet  BREAKS callers  body.name is required now'),
  ])
  expect(out).toContain(`1 unannounced since what runs at ${admin}`)
})
