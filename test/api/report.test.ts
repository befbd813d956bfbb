import { execFileSync } from 'node:child_process'
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { expectGoldenFile } from '../support/golden-file.ts'
import { type ApiItem, type PageHead, referencePage } from './reference-page.ts'

const MODULES = ['client', 'contract', 'data', 'http', 'testing', 'kysely', 'drizzle']

/** The pages of docs/reference that are written from what the modules export. */
const PAGES: Readonly<Record<string, { readonly file: string; readonly head: Omit<PageHead, 'module'> }>> = {
  contract: {
    file: 'contract.md',
    head: { title: 'The contract', intro: 'What an endpoint, a subscriber or an event may say of itself.' },
  },
  http: {
    file: 'handler.md',
    head: { title: 'The handler and its tools', intro: 'How a handler is joined with its contract, and what it gets.' },
  },
  data: {
    file: 'resources.md',
    head: { title: 'Resources', intro: 'What a handler may name in `uses`, and how one of your own is declared.' },
  },
  testing: {
    file: 'testing.md',
    head: { title: 'Tests', intro: 'How a function is tested, over real HTTP on a real database.' },
  },
  kysely: {
    file: 'kysely.md',
    head: { title: 'Kysely', intro: 'Kysely in the transaction of a handler.' },
  },
  drizzle: {
    file: 'drizzle.md',
    head: { title: 'Drizzle', intro: 'Drizzle in the transaction of a handler.' },
  },
  client: {
    file: 'client.md',
    head: { title: 'The typed client', intro: 'How TypeScript calls what contracts describe.' },
  },
}

let folder = ''
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ebb-api-'))
  execFileSync(process.execPath, ['test/api/extract.ts', folder], { stdio: ['ignore', 'ignore', 'inherit'] })
})
afterAll(() => rmSync(folder, { recursive: true, force: true }))

describe.each(MODULES)('ebb/%s', (name) => {
  it(`exports what docs/api/${name}.api.md says: npm test -- test/api -u writes it`, () => {
    expectGoldenFile(`docs/api/${name}.api.md`, readFileSync(join(folder, `${name}.api.md`), 'utf8'))
  })

  it(`is what its page in docs/reference says: npm test -- test/api -u writes it`, () => {
    const { file = '', head = { title: '', intro: '' } } = PAGES[name] ?? {}
    expectGoldenFile(`docs/reference/${file}`, referencePage({ ...head, module: `ebb/${name}` }, exportsOf(name)))
  })

  it('says of each export what it promises, with an example, and of each value where to read on', () => {
    expect(exportsOf(name).flatMap(findMissing)).toEqual([])
  })

  it('refers to pages and headings that exist', () => {
    expect(exportsOf(name).flatMap(findBrokenReferences)).toEqual([])
  })

  it('says of each member what it is', () => {
    const undocumented = exportsOf(name).flatMap(({ name, members = [] }) =>
      members.filter(({ docComment }) => !docComment).map((member) => `${name}.${member.name}`),
    )
    // A constructor is described with its class, and a class has its name from Error.
    expect(undocumented.filter((path) => !/\.(undefined|name)$/.test(path))).toEqual([])
  })
})

/** The exports of a module, those of one name together: an interface and the const that is of its kind are two. */
function exportsOf(module: string): readonly ApiItem[] {
  const [entryPoint]: readonly ApiItem[] = JSON.parse(readFileSync(join(folder, `${module}.api.json`), 'utf8')).members
  return entryPoint?.members ?? []
}

function findMissing({ kind, name, docComment = '' }: ApiItem): readonly string[] {
  const [promise = ''] = docComment.replaceAll(/^\/\*\*|\*\/$|^ *\* ?/gm, '').split(/^@/m)
  return [
    ...(/\w+ \w+/.test(promise) ? [] : [`${name} has no promise`]),
    ...(docComment.includes('@example') ? [] : [`${name} has no @example`]),
    ...(/^(Interface|TypeAlias)$/.test(kind) || docComment.includes('@see') ? [] : [`${name} has no @see`]),
  ]
}

function findBrokenReferences({ name, docComment = '' }: ApiItem): readonly string[] {
  return [...docComment.matchAll(/@see[\s*]+(docs\/[\w/.-]+)(?:#([\w-]+))?/g)].flatMap(
    ([reference, page = '', anchor]) => {
      const headings = existsSync(page) ? readFileSync(page, 'utf8').match(/^#+ .*/gm) : undefined
      const anchors = headings?.map((heading) => heading.replace(/^#+ /, '').toLowerCase().replaceAll(' ', '-'))
      return anchors && (!anchor || anchors.includes(anchor)) ? [] : [`${name}: ${reference}`]
    },
  )
}
