import { execFile } from 'node:child_process'
import { copyFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { blocksOf } from '../docs/page-blocks.ts'
import { copyCheckout } from '../support/checkout.ts'
import { consoleSteps } from '../support/console-steps.ts'
import { startEbb, type TestEbb } from '../support/ebb.ts'
import { createPaste, lackedBy } from '../support/paste-commands.ts'
import { itWhere } from '../support/requirements.ts'

const steps = blocksOf('README.md')
  .filter(({ language }) => language === 'console')
  .flatMap(({ text }) => consoleSteps(text))

let ebb: TestEbb
let checkout: Awaited<ReturnType<typeof copyCheckout>>
let follow: ReturnType<typeof createPaste>
const shell = promisify(execFile)

beforeAll(async () => {
  // The tour writes functions: in a checkout of its own, with all that its commands look at.
  checkout = await copyCheckout({}, { project: resolve('.') })
  for (const file of ['README.md', '.gitignore', 'jest.config.ts']) copyFileSync(file, join(checkout.root, file))
  for (const folder of ['docs', 'test/support']) await cp(folder, join(checkout.root, folder), { recursive: true })
  const git = (...args: readonly string[]) =>
    shell('git', ['-c', 'user.name=a', '-c', 'user.email=a@example.com', ...args], { cwd: checkout.root })
  await git('init', '--quiet')
  await git('add', '.', ':!node_modules')
  await git('commit', '--quiet', '--message', 'A checkout')
  ebb = await startEbb({ root: checkout.root, dataDir: join(checkout.root, '.ebb'), env: { EBB_IDLE_MS: '60000' } })
  follow = createPaste({ root: checkout.root, ready: () => ebb.ready })
})
afterAll(async () => {
  await ebb.stop()
  await checkout.remove()
})

describe('the tour of the README', () => {
  it('has steps', () => expect(steps.length).toBeGreaterThan(5))

  for (const step of steps) itWhere(lackedBy(step))(step.command, () => follow(step))
})
