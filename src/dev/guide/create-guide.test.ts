import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createGuide } from './create-guide.ts'

const PAGES = {
  'README.md':
    '# The guide\n\nSee [the first](guide/01-one.md#a-b-c), [settings](reference/settings.md) and [code](../src/cli.ts).\n',
  'guide/01-one.md': '# One\n\n## A b, `c`!\n\n## A b c\n\n[Two](02-two.md), [concepts](../concepts.md)\n',
  'guide/02-two.md':
    '# Two & a half\n\n```ts\nconst a = 1 < 2\n```\n\n<script>alert(1)</script> and <b style="color: red">this</b>\n',
  'concepts.md': '# Concepts\n\n| a | b |\n| - | -: |\n| 1 | 2 |\n',
  'reference/settings.md': '# Settings\n\nBack to [the guide](../README.md), on to [the web](https://example.com/).\n',
  'runs/2026.md': '# A run\n',
}
let folder = ''
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-guide-'))
  for (const [name, text] of Object.entries(PAGES)) {
    await mkdir(dirname(join(folder, name)), { recursive: true })
    await writeFile(join(folder, name), text)
  }
})
afterAll(() => rm(folder, { recursive: true }))

const page = async (path: string) => (await createGuide(folder)(path))?.body ?? ''

describe('a page', () => {
  it('is found where its Markdown is', async () => {
    expect(await page('')).toContain('<title>The guide</title>')
    expect(await page('/01-one')).toContain('<title>One</title>')
    expect(await page('/concepts')).toContain('<table>')
    expect(await page('/reference/settings')).toContain('<title>Settings</title>')
  })

  it.each([
    '/',
    '/none',
    '/guide/01-one',
    '/runs/2026',
    '/../README',
    '/01-one.md',
    '/reference/',
    '/reference/../concepts',
  ])('is not there at %s', async (path) => expect(await createGuide(folder)(path)).toBeUndefined())

  it('links to other pages by where they are served, and to nothing else of the repository', async () => {
    const first = await page('')
    expect(first).toContain('<a href="guide/01-one#a-b-c">the first</a>')
    expect(first).toContain('<a href="guide/reference/settings">settings</a> and code.')
    const one = await page('/01-one')
    expect(one).toContain('<a href="02-two">Two</a>, <a href="concepts">concepts</a>')
    const settings = await page('/reference/settings')
    expect(settings).toContain('<a href="../../guide">the guide</a>')
    expect(settings).toContain('<a href="https://example.com/">')
    expect(settings).toContain('<link rel="stylesheet" href="../style.css">')
  })

  it('has the anchors of a forge', async () => {
    const one = await page('/01-one')
    expect(one).toContain('<h2 id="a-b-c">A b, <code>c</code>!</h2>')
    expect(one).toContain('<h2 id="a-b-c-1">')
  })

  it('leads on to its neighbours', async () => {
    expect(await page('/01-one')).toContain('<a href="02-two">Next: Two &amp; a half</a>')
    expect(await page('/02-two')).toContain('<a href="01-one">Before: One</a>')
    expect(await page('/concepts')).toContain('<footer></footer>')
  })

  it('has neither script nor style in it, whatever its Markdown has', async () => {
    const two = await page('/02-two')
    expect(two).toContain('const a = 1 &lt; 2')
    expect(two).toContain('&lt;script&gt;alert(1)')
    for (const path of ['', '/01-one', '/02-two', '/concepts'])
      expect(await page(path)).not.toMatch(/<script|<style|<[^>]*\s(style|on\w+)=|href="javascript:/)
  })
})

it('brings its style', async () => {
  expect(await createGuide(folder)('/style.css')).toMatchObject({ type: 'text/css; charset=utf-8' })
})
