import { expect, it } from '@jest/globals'
import { docsFiles } from './docs-files.ts'

const log = { warn: () => {} }
const pageOf = async (key?: string) => String((await docsFiles({ key, log })('/docs'))?.body)

it('shows a key to whoever opens the page only where one is set', async () => {
  expect(await pageOf()).toContain('<meta name="ebb-docs-key" content="">')
  expect(await pageOf('"><script>')).toContain('<meta name="ebb-docs-key" content="&quot;&gt;&lt;script&gt;">')
})

it('has whatever the page asks for, at paths that change with what is there', async () => {
  const files = docsFiles({ key: undefined, log })
  const asked = [...(await pageOf()).matchAll(/(?:src|href)="(docs\/[^"]+)"/g)].map(([, path]) => `/${path}`)
  expect(asked).toHaveLength(3)
  for (const path of asked)
    expect(await files(path)).toMatchObject({ lasting: true, type: expect.stringMatching(/css|javascript/) })
  expect(await files('/docs/../../package.json')).toBeUndefined()
})
