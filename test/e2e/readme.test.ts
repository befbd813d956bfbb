import { execFile } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { copyCheckout } from '../support/checkout.ts'
import { startEbb, type TestEbb } from '../support/ebb.ts'
import { untilTrue } from '../support/until.ts'

interface Step {
  readonly command: string
  readonly says: readonly string[]
}

/** The commands of the README's console blocks, and what it says that each prints. */
const blocks = readFileSync('README.md', 'utf8').matchAll(/^```console\n([\s\S]*?)^```/gm)
const steps = [...blocks].flatMap(([, block = '']) =>
  block
    .split(/^\$ /m)
    .slice(1)
    .map((step): Step => {
      const [command = '', ...says] = step.trimEnd().split('\n')
      return { command, says }
    }),
)

/** `…` is what differs from run to run; a line of its own is any number of lines. */
function toPattern(says: readonly string[]): RegExp {
  const lines = says.map((line) => (line === '…' ? '(?:.*\\n)*?' : `${toLinePattern(line)}\\n`))
  return new RegExp(`^${lines.join('')}$`)
}
const toLinePattern = (line: string) =>
  line
    .split('…')
    .map((part) => RegExp.escape(part).replaceAll(/(\\x20)+/g, '[ ]+'))
    .join('.*')

let ebb: TestEbb
let checkout: Awaited<ReturnType<typeof copyCheckout>>
beforeAll(async () => {
  // The tour writes functions: in a checkout of its own.
  checkout = await copyCheckout()
  ebb = await startEbb({ root: checkout.root, home: join(checkout.root, '.ebb'), env: { EBB_IDLE_MS: '60000' } })
})
afterAll(async () => {
  await ebb.stop()
  await checkout.remove()
})

const shell = promisify(execFile)
let before = ''

/** Runs a command as pasted after those before it, against the Ebb of this test instead of the one on port 8080. */
async function paste(command: string): Promise<string> {
  const here = command
    .replaceAll('localhost:8080', new URL(ebb.ready.url).host)
    .replaceAll('localhost:8081', new URL(ebb.ready.admin).host)
  const [, variable] = /^([A-Z]+)=/.exec(command) ?? []
  if (variable) {
    const { stdout: value } = await shell('bash', ['-c', `${before}${here}; printf %s "$${variable}"`], {
      cwd: checkout.root,
    })
    before += `${variable}='${value}'\n`
    return ''
  }
  const reloads = () => ebb.told.filter(({ event }) => event === 'reload').length
  const seen = reloads()
  const { stdout } = await shell('bash', ['-c', before + here], { cwd: checkout.root })
  // Who has saved looks at the terminal before going on.
  if (/^perl|ebb new/.test(command)) await untilTrue(() => reloads() > seen, { what: 'the reload' })
  const text = stdout.replaceAll('\r', '')
  return text.endsWith('\n') ? text : `${text}\n`
}

describe("the README's tour", () => {
  it('has steps', () => expect(steps.length).toBeGreaterThan(5))

  it.each(steps)('$command', async ({ command, says }) => {
    if (says.length === 0) return void (await paste(command))
    let printed = ''
    // A person who reads is slower than a shell: what is delivered in the background may take a moment.
    const matches = async () => {
      printed = await paste(command)
      return toPattern(says).test(printed)
    }
    await untilTrue(matches).catch(() => expect(printed).toMatch(toPattern(says)))
  })
})
