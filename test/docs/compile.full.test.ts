import { spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { basename, join, resolve } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { parseAllDocuments } from 'yaml'
import { endpointFiles } from '../../src/commands/new/templates.ts'
import { blocksOf, PAGES } from './page-blocks.ts'
import { newProjectFiles, writeInto } from './page-project.ts'

/** Those of the reference are signatures, and examples that test/api/examples.full.test.ts compiles. */
const blocks = PAGES.filter((page) => !page.startsWith('docs/reference/')).flatMap((page) =>
  blocksOf(page).map((block) => ({ ...block, page })),
)
const ofLanguage = (...languages: readonly string[]) => blocks.filter(({ language }) => languages.includes(language))

let folder = ''
// Below the checkout, where `ebb/contract` is found.
beforeAll(() => {
  mkdirSync('.ebb', { recursive: true })
  folder = mkdtempSync(join('.ebb', 'pages-'))
})
afterAll(() => rmSync(folder, { recursive: true }))

describe('the blocks of the pages', () => {
  it('are in a language that is tried out', () => {
    const known = ['console', 'sh', 'ts', 'sql', 'yaml', 'json', 'js', 'ini', 'csv', 'text']
    expect(blocks.filter(({ language }) => !known.includes(language)).map(({ place }) => place)).toEqual([])
  })

  it('compile, each page with its files in a project of its own', async () => {
    const project = Object.entries(await newProjectFiles()).filter(([name]) => name.endsWith('.ts'))
    // The README is about the example of this repository, which may have been deleted.
    const isThere = (page: string) => page !== 'README.md' || existsSync('domain/user.ts')
    for (const page of new Set(ofLanguage('ts').map(({ page }) => page)).values().filter(isThere)) {
      const root = join(folder, basename(page, '.md'))
      if (page === 'README.md') await cp('domain', join(root, 'domain'), { recursive: true })
      else for (const [name, text] of project) await writeInto(root, name, text)
      for (const [, name = ''] of readFileSync(page, 'utf8').matchAll(
        /^\$ npx ebb new (\S+)(?!.* --(?:on|proxy|from))/gm,
      ))
        for (const [file, text] of Object.entries(endpointFiles({ name, method: 'GET', path: `/v1/${name}` })))
          await writeInto(root, `functions/${name}/${file}`, text)
      for (const { file, text, place } of ofLanguage('ts').filter((block) => block.page === page))
        await writeInto(root, file ?? `block-${place.split(':').at(-1)}.ts`, text)
    }
    const include = ['.', resolve('src/deploy/recheck.d.ts')]
    writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify({ extends: resolve('tsconfig.json'), include }))
    const { stdout } = spawnSync('node_modules/.bin/tsc', ['-p', folder], { encoding: 'utf8' })
    expect(stdout).toBe('')
  })

  it('are YAML and JSON where they say so', () => {
    const issues = ofLanguage('yaml', 'json').flatMap(({ text, place }) =>
      parseAllDocuments(text).flatMap((document) => document.errors.map(({ message }) => `${place}: ${message}`)),
    )
    expect(issues).toEqual([])
  })

  it('are well-formed for a shell', () => {
    const issues = ofLanguage('sh').flatMap(({ text, place }) => {
      const { status, stderr } = spawnSync('bash', ['-n'], { input: text, encoding: 'utf8' })
      return status === 0 ? [] : [`${place}: ${stderr}`]
    })
    expect(issues).toEqual([])
  })
})

it('counts them', () => {
  const counts = Object.entries(Object.groupBy(blocks, ({ language }) => language)).map(
    ([language, found = []]) => `${found.length} ${language}`,
  )
  process.stderr.write(`${PAGES.length} pages, ${blocks.length} blocks: ${counts.join(', ')}\n`)
})
