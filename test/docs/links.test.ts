import { existsSync, globSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { describe, expect, it } from '@jest/globals'
import { slugOf } from '../../src/dev/guide/render-page.ts'
import { GUIDE, PAGES } from './page-blocks.ts'

const MARKDOWN = [...PAGES, 'ARCHITECTURE.md', 'CONTRIBUTING.md', ...globSync('docs/{decisions,runbooks}/*.md')]

/** A page without its blocks of code, where brackets are no links. */
const proseOf = (page: string) => readFileSync(page, 'utf8').replaceAll(/^```[\s\S]*?^```$/gm, '')

const anchorsOf = (page: string) =>
  [...proseOf(page).matchAll(/^#+ (.*)$/gm)].map(([, heading = '']) => slugOf(heading.replaceAll('`', '')))

/** What a page refers to and is not there. */
function findBroken(page: string): readonly string[] {
  const links = [...proseOf(page).matchAll(/\]\(([^)\s]+)\)/g)].map(([, href = '']) => href)
  return links.flatMap((href) => {
    if (/^https?:/.test(href)) return []
    const [path = '', anchor] = href.split('#')
    const target = path === '' ? page : join(dirname(page), path)
    if (!existsSync(target)) return [`${page}: ${href}`]
    return anchor === undefined || anchorsOf(target).includes(anchor) ? [] : [`${page}: ${href}`]
  })
}

describe('the pages', () => {
  it.each(MARKDOWN)('%s refers to what is there', (page) => expect(findBroken(page)).toEqual([]))

  it('are all in the table of contents', () => {
    const contents = readFileSync('docs/README.md', 'utf8')
    const own = PAGES.filter((page) => page.startsWith('docs/') && page !== 'docs/README.md')
    expect(own.filter((page) => !contents.includes(`](${page.replace('docs/', '')})`))).toEqual([])
  })

  it('are short', () => {
    const lengths = GUIDE.map((page) => [page, readFileSync(page, 'utf8').split('\n').length] as const)
    expect(lengths.filter(([, lines]) => lines > 200)).toEqual([])
  })
})
