import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { spawnCli } from './support/cli.ts'
import { cliIn } from './support/project.ts'

const ebb = (...args: readonly string[]) => spawnCli(args).ended

let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-cli-'))
})
afterAll(() => rm(folder, { recursive: true }))

describe('ebb', () => {
  it('prints the list of its commands, without any, and by three names', async () => {
    const [bare, ...others] = await Promise.all([ebb(), ebb('help'), ebb('--help'), ebb('-h')])
    expect(bare).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^Ebb: .*\n\nUsage: ebb COMMAND/) })
    for (const other of others) expect(other).toEqual(bare)
  })

  it('describes a command, or a form of it, also with a setting that is wrong', async () => {
    const env = { EBB_ENV_FILE: '/no/such/file' }
    const one = await spawnCli(['top', '--help'], { env }).ended
    expect(one).toMatchObject({ code: 0, stderr: '', stdout: expect.stringMatching(/^Usage: ebb top /) })
    expect(await ebb('help', 'top')).toEqual(one)
    expect((await ebb('events', 'list', '-h')).stdout).toMatch(/^Usage: ebb events list \[options\]\n/)
    expect(await ebb('help', 'events', 'list')).toEqual(await ebb('events', '--help', 'list'))
  })

  it('prints versions, as text and as JSON', async () => {
    expect((await ebb('--version')).stdout).toMatch(/^ebb \d+\.\d+\.\d+, Node v26\.\d+\.\d+$/)
    expect(await ebb('-v')).toEqual(await ebb('version'))
    const { version, name } = { version: '3.2.1', name: 'my-api' }
    await writeFile(join(folder, 'package.json'), JSON.stringify({ name, version }))
    const { stdout } = await spawnCli(['version', '--json'], { cwd: folder }).ended
    expect(JSON.parse(stdout)).toEqual({
      ...{ ebb: expect.stringMatching(/^\d/), node: expect.stringMatching(/^v26\./), project: { name, version } },
    })
  })
})

describe('a closed pipe', () => {
  const pipeInto = (reader: string, ...args: readonly string[]) => {
    const { cli, cwd } = cliIn()
    const line = `"$0" "$@" | ${reader}; echo $PIPESTATUS`
    const env = { PATH: process.env.PATH, EBB_ENV_FILE: '/dev/null' }
    return promisify(execFile)('bash', ['--norc', '-c', line, process.execPath, cli, ...args], { cwd, env })
  }

  it('is no error of a command that prints', async () => {
    expect(await pipeInto('true', 'help')).toEqual({ stdout: '0\n', stderr: '' })
  })

  it('ends one that runs until it is interrupted', async () => {
    expect(await pipeInto('true', 'mock', '--port', '0')).toEqual({ stdout: '0\n', stderr: '' })
  })
})

describe('the exit code', () => {
  it.each([
    [['chek'], 'there is no command called chek; did you mean check? ebb help lists all commands.'],
    [['frobnicate'], 'there is no command called frobnicate. ebb help lists all commands.'],
    [['constructor'], 'there is no command called constructor. ebb help lists all commands.'],
    [['help', 'evnts'], 'there is no command called evnts; did you mean events? ebb help lists all commands.'],
    [['check'], 'ebb check needs --url URL, or --env NAME. ebb check --help describes it.'],
    [['check', '--ulr', 'x'], 'ebb check has no option --ulr; did you mean --url? ebb check --help describes it.'],
    [['check', '--url', 'localhost'], '--url must be http:// or https://'],
    [['events', 'lst'], 'there is no ebb events lst; did you mean ebb events list? ebb events --help describes it.'],
    [['render', 'files'], 'ebb render takes no further argument, and was given files. ebb render --help describes it.'],
    [['render', '--openfaas', 'edge'], '--openfaas is ce or pro, not edge. ebb render --help describes it.'],
  ])('is 2 for %j, which says what would be right', async (args, sentence) => {
    expect(await ebb(...args)).toEqual({ code: 2, stdout: '', stderr: `ebb: ${sentence}\n` })
  })

  it('is 1 where the command line is right, and what it asks for cannot be done', async () => {
    const { code, stdout, stderr } = await spawnCli(['keys', 'show', 'customer'], { env: { EBB_HOME: folder } }).ended
    expect([code, stdout]).toEqual([1, ''])
    expect(stderr).toMatch(/^ebb: no Ebb runs here; start it with npm start/)
    const env = { EBB_ENV_FILE: '/no/such/file' }
    expect(await spawnCli(['database'], { env }).ended).toMatchObject({
      code: 1,
      stderr: expect.stringContaining('EBB_ENV_FILE'),
    })
  })
})
