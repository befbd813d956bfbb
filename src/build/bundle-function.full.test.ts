import { createHash } from 'node:crypto'
import { readdir, readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { copyCheckout } from '../../test/support/checkout.ts'
import { TEST_PROJECT } from '../../test/support/project.ts'
import { bundleFunction } from './bundle-function.ts'

const NAME = 'send-welcome-email'
const HANDLER = `functions/${NAME}/handler.ts`

const removals: (() => Promise<void>)[] = []
afterAll(async () => {
  for (const remove of removals) await remove()
})

/** Bundles it in a checkout of its own; returns the digests of its files, and which of them contain the path of the checkout. */
async function bundleIn(within: string, changed: Readonly<Record<string, string>> = {}) {
  const { root, remove } = await copyCheckout(changed, { within })
  removals.push(remove)
  const folder = join(root, 'dist')
  const { file, revision } = await bundleFunction(root, NAME, folder)
  const files: Record<string, string> = {}
  const telling: string[] = []
  for (const name of await readdir(folder)) {
    const bytes = await readFile(join(folder, name))
    files[name] = createHash('sha256').update(bytes).digest('hex')
    if (bytes.includes('/ebb-checkout-')) telling.push(name)
  }
  return { start: basename(file), revision, files, telling }
}
type Bundled = Awaited<ReturnType<typeof bundleIn>>

const codeOf = ({ files }: Bundled) => Object.fromEntries(Object.entries(files).filter(([name]) => !isMap(name)))
const isMap = (name: string) => name.endsWith('.map')

describe('the same sources', () => {
  let bundled: Bundled
  beforeAll(async () => {
    bundled = await bundleIn('here')
  })

  it('are the same files, byte for byte and by name, wherever they are', async () => {
    expect(Object.keys(bundled.files).filter(isMap).length).toBeGreaterThan(5)
    expect(await bundleIn('elsewhere')).toEqual(bundled)
    // node_modules is a link in these checkouts, so the paths to it differ, and source maps contain them.
    const deeper = await bundleIn('some[1]/d*p/do?n')
    expect([deeper.revision, codeOf(deeper)]).toEqual([bundled.revision, codeOf(bundled)])
  })

  it('do not contain the path of the checkout', () => {
    expect(bundled.telling).toEqual([])
  })

  it('changed in one place are another revision, and the lazy parts stay what they are', async () => {
    const handler = await readFile(join(TEST_PROJECT, HANDLER), 'utf8')
    const changed = await bundleIn('here', { [HANDLER]: handler.replace('Welcome', 'Good morning') })
    expect(changed.revision).not.toBe(bundled.revision)
    const fresh = Object.keys(codeOf(changed)).filter((name) => !(name in bundled.files))
    expect(fresh.sort()).toEqual([expect.stringMatching(/^main-\w{12}\.cjs$/), changed.start].sort())
  })
})

describe('what would behave differently from its source is not built, and is reported with its line and a remedy', () => {
  const TYPED = 'interface Typed {\n  readonly a: string\n}\n'
  it.each([
    [
      'import.meta',
      `${TYPED}export const here = import.meta.url`,
      { line: 4 },
      /"import\.meta"/,
      /import data as JSON/,
    ],
    ['a top-level await', `${TYPED}await Promise.resolve()`, { line: 4 }, /Top-level await/, /Await it in the handler/],
    [
      'a file of another kind',
      `${TYPED}export { default } from './page.html'`,
      { line: 4 },
      /"\.html"/,
      /in a \.ts file/,
    ],
  ])('%s', async (_what, text, place, said, remedy) => {
    const handler = await readFile(join(TEST_PROJECT, HANDLER), 'utf8')
    const extra = `functions/${NAME}/extra.ts`
    const { root, remove } = await copyCheckout({
      ...{ [extra]: text, [`functions/${NAME}/page.html`]: '<p>' },
      [HANDLER]: `export * as extra from './extra.ts'\n${handler}`,
    })
    removals.push(remove)
    await expect(bundleFunction(root, NAME, join(root, 'dist'))).rejects.toMatchObject({
      errors: expect.arrayContaining([
        expect.objectContaining({
          ...{ text: expect.stringMatching(said), location: expect.objectContaining({ file: extra, ...place }) },
          notes: [expect.objectContaining({ text: expect.stringMatching(remedy) })],
        }),
      ]),
    })
  })
})
