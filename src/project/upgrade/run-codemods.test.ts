import { execFileSync } from 'node:child_process'
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { writeFiles } from '../test-support.ts'
import { compareVersions } from '../versions.ts'
import type { Codemod } from './codemod.ts'
import { codemods } from './codemods/index.ts'
import { runCodemods } from './run-codemods.ts'

let project: string
beforeEach(async () => {
  project = await mkdtemp(join(tmpdir(), 'ebb codemods '))
  execFileSync('git', ['init', '--quiet'], { cwd: project })
})
afterEach(() => rm(project, { recursive: true, force: true }))

const read = (name: string) => readFile(join(project, name), 'utf8')

/** Appends its version to each file, once. */
const appending = (version: string): Codemod => ({
  ...{ version, summary: `with ${version}` },
  apply: async ({ files, read: readText, write }) => {
    for (const file of files) {
      const text = await readText(file)
      if (!text.includes(version)) await write(file, `${text}${version} `)
    }
    return [`look at ${version}`]
  },
})

describe('runCodemods', () => {
  it('runs those of the versions between in their order, on the TypeScript that git knows or would add', async () => {
    const ignored = { '.gitignore': 'node_modules/\n', 'node_modules/a.ts': '', 'a.md': '', 'ebb/src/a.ts': '' }
    await writeFiles(project, { 'a.ts': '', 'b/c.ts': '', ...ignored })
    const all = ['1.0.0', '1.1.0', '1.2.0', '1.3.0'].map(appending)
    expect(await runCodemods(project, all, { from: '1.0.0', to: '1.2.0' })).toEqual({
      changes: ['a.ts: with 1.1.0; with 1.2.0', 'b/c.ts: with 1.1.0; with 1.2.0'],
      notes: ['look at 1.1.0', 'look at 1.2.0'],
    })
    expect([await read('a.ts'), await read('b/c.ts')]).toEqual(['1.1.0 1.2.0 ', '1.1.0 1.2.0 '])
    for (const name of ['node_modules/a.ts', 'a.md', 'ebb/src/a.ts']) expect(await read(name)).toBe('')
    expect((await runCodemods(project, all, { from: '1.0.0', to: '1.2.0' })).changes).toEqual([])
  })
})

describe('the codemods', () => {
  it('are all that are in the folder, in the order of their versions', async () => {
    const files = (await readdir(join(import.meta.dirname, 'codemods'))).filter((name) => name !== 'index.ts')
    expect(codemods.map(({ version }) => version)).toEqual(files.map((name) => /^\d+\.\d+\.\d+/.exec(name)?.[0]))
    expect(codemods.toSorted((a, b) => compareVersions(a.version, b.version))).toEqual(codemods)
  })

  it('of 0.2.0 renames what a function imports, and says what is gone', async () => {
    const before = `import { HttpFault, type HttpAnswer } from 'ebb/data'
import { createApp } from 'ebb/http'

export const read = (answer: HttpAnswer) => {
  if (answer.status > 299) throw new HttpFault('no')
}
`
    await writeFiles(project, { 'functions/get-a/handler.ts': before })
    expect(await runCodemods(project, codemods, { from: '0.1.0', to: '0.2.0' })).toEqual({
      changes: ['functions/get-a/handler.ts: new names of what it imports from Ebb'],
      notes: [
        expect.stringMatching(/^functions\/get-a\/handler\.ts:2: createApp is gone from ebb\/http\. Use testFunction/),
      ],
    })
    expect(await read('functions/get-a/handler.ts')).toBe(
      before.replaceAll('HttpFault', 'HttpError').replaceAll('HttpAnswer', 'HttpResponse'),
    )
  })

  it('of 0.3.0 reveals secrets where a handler uses them, once', async () => {
    const before = `export default implement(contract, {}, async (_input, { secrets }) => {
  const { OTHER_KEY } = secrets
  await pay(secrets.PAY_KEY, \`Bearer \${secrets.PAY_KEY}\`, secrets.count)
  return { key: secrets.PAY_KEY.length, sure: secrets.NEW_KEY.reveal() } // secrets.PAY_KEY
})
`
    await writeFiles(project, { 'functions/pay/handler.ts': before })
    expect(await runCodemods(project, codemods, { from: '0.2.0', to: '0.3.0' })).toEqual({
      changes: ['functions/pay/handler.ts: secrets that are revealed where they are used'],
      notes: [expect.stringMatching(/^functions\/pay\/handler\.ts:2: .*\.reveal\(\)/)],
    })
    const after = `export default implement(contract, {}, async (_input, { secrets }) => {
  const { OTHER_KEY } = secrets
  await pay(secrets.PAY_KEY.reveal(), \`Bearer \${secrets.PAY_KEY.reveal()}\`, secrets.count)
  return { key: secrets.PAY_KEY.reveal().length, sure: secrets.NEW_KEY.reveal() } // secrets.PAY_KEY
})
`
    expect(await read('functions/pay/handler.ts')).toBe(after)
    await runCodemods(project, codemods, { from: '0.2.0', to: '0.3.0' })
    expect(await read('functions/pay/handler.ts')).toBe(after)
  })
})
