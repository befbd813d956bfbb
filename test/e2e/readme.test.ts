import { execFile } from 'node:child_process'
import { copyFileSync, readFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify, stripVTControlCharacters } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { copyCheckout } from '../support/checkout.ts'
import { consoleSteps, type Step, shellLines, toPattern } from '../support/console-steps.ts'
import { startEbb, type TestEbb } from '../support/ebb.ts'
import { findProgram } from '../support/find-program.ts'
import { untilTrue } from '../support/until.ts'

const PAGES = ['README.md', 'docs/howto.md']

/** Commands that need what no test machine has to have, and the test that runs what they say. */
const ELSEWHERE: Readonly<Record<string, string>> = {
  'npm ci && npm start': 'test/e2e/laptop.test.ts',
  'npm ci && npm test': 'test/e2e/readme.test.ts',
  'docker build --build-arg FUNCTION=place-order --tag ebb/place-order .': 'test/e2e/image.test.ts',
  'helm install ebb charts/ebb --set image.registry=registry.example.com --set image.tag=1': 'test/chart/parts.test.ts',
  'helm test ebb': 'test/chart/contract-test.test.ts',
  'skaffold dev --profile kind': 'test/render/skaffold-schema.test.ts',
  'export EBB_REGISTRY=registry.example.com EBB_TAG=1': 'test/render/agreement.test.ts',
  'docker buildx bake --push': 'test/render/agreement.test.ts',
  'faas-cli secret create ebb-identity-jwks --from-file=public.jwks': 'test/render/agreement.test.ts',
  'faas-cli deploy -f stack.yml': 'test/render/agreement.test.ts',
  'OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 npm start': 'test/telemetry/collector.test.ts',
}

/** Only these go on in the background after the command is over: a person who reads is slower than a shell. */
const BACKGROUND = /ebb events list|\.ebb\/mail|localhost:8080\$AT|wakeups_avoided/

const terminal = findProgram('script')
if (!terminal) process.stderr.write('SKIPPED: the terminal of the README. No `script` is on PATH: pipes instead.\n')
if (!findProgram('psql')) process.stderr.write('SKIPPED: the step with psql. None is on PATH.\n')
const canRun = ({ command }: Step) => !command.startsWith('psql') || findProgram('psql') !== undefined

let ebb: TestEbb
let checkout: Awaited<ReturnType<typeof copyCheckout>>
const shell = promisify(execFile)

beforeAll(async () => {
  // The tour writes functions: in a checkout of its own, with the example, and with all that its commands look at.
  checkout = await copyCheckout({}, { project: resolve('.') })
  for (const file of ['README.md', '.gitignore', 'jest.config.ts']) copyFileSync(file, join(checkout.root, file))
  for (const folder of ['docs', 'test/support']) await cp(folder, join(checkout.root, folder), { recursive: true })
  const git = (...args: readonly string[]) =>
    shell('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], { cwd: checkout.root })
  await git('init', '--quiet')
  await git('add', '.', ':!node_modules')
  await git('commit', '--quiet', '--message', 'A checkout')
  ebb = await startEbb({ root: checkout.root, dataDir: join(checkout.root, '.ebb'), env: { EBB_IDLE_MS: '60000' } })
})
afterAll(async () => {
  await ebb.stop()
  await checkout.remove()
})

let before = ''

/** Runs a command as pasted after those before it, against the Ebb of this test instead of the one on port 8080. */
async function paste(command: string): Promise<string> {
  const here = command
    .replaceAll('localhost:8080', new URL(ebb.ready.url).host)
    .replaceAll('localhost:8081', new URL(ebb.ready.admin).host)
    // That it starts under the debugger is meant; the tests of functions run by themselves.
    .replace('--runInBand', '--listTests')
  const [, variable] = /^([A-Z]+)=\$/.exec(command) ?? []
  if (variable) {
    before += `${variable}='${(await run(`${before}${here}; printf %s "$${variable}"`)).trimEnd()}'\n`
    return ''
  }
  return run(before + here)
}

/** In a terminal of 80 columns, where there is one to be had. */
async function run(command: string): Promise<string> {
  const options = { cwd: checkout.root, env: { ...process.env, SHELL: '/bin/bash', TERM: 'xterm' } }
  const { stdout } = terminal
    ? await shell(terminal, ['--quiet', '--command', `stty cols 80 rows 24\n${command}`, '/dev/null'], options)
    : await shell('bash', ['-c', command], options)
  // npx turns a wheel while it looks for the command.
  const text = stripVTControlCharacters(stdout)
    .replaceAll(/[\r\u2800-\u28ff]/g, '')
    .trimEnd()
  return text === '' ? '' : `${text}\n`
}

describe.each(PAGES)('%s', (page) => {
  const steps = consoleSteps(page)

  it('has steps', () => expect(steps.length).toBeGreaterThan(5))

  it.each(steps.filter(canRun))('$command', async ({ command, says }) => {
    const pattern = toPattern(says)
    let printed = await paste(command)
    if (says.length === 0) return
    const matches = async () => {
      if (pattern.test(printed)) return true
      printed = await paste(command)
      return false
    }
    if (BACKGROUND.test(command)) await untilTrue(matches).catch(() => {})
    expect(printed).toMatch(pattern)
  })

  it('has no other command, but for those that another test runs', () => {
    for (const line of shellLines(page)) {
      expect(Object.keys(ELSEWHERE)).toContain(line)
      expect(readFileSync(ELSEWHERE[line] ?? '', 'utf8')).not.toBe('')
    }
  })
})
