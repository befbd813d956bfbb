import { expect, it } from '@jest/globals'
import { createDocs } from './docs.ts'

const log = { warn: () => {} }
const pageOf = async (key?: string) => String((await createDocs({ key, log })('/docs'))?.body)

it('fills in a key only where one is set', async () => {
  const shown = async (key?: string) => /name="ebb-docs-keys" content="([^"]*)"/.exec(await pageOf(key))?.[1]
  expect(await shown()).toBe('{}')
  expect(await shown('one')).toBe('{&quot;key&quot;:&quot;one&quot;}')
  expect(await shown('a=one,b=two')).toBe('{&quot;a&quot;:&quot;one&quot;,&quot;b&quot;:&quot;two&quot;}')
  expect(await shown('"><script>')).toBe('{&quot;key&quot;:&quot;\\&quot;&gt;&lt;script&gt;&quot;}')
})

it('serves all files of the page, at paths that change with their content', async () => {
  const files = createDocs({ key: undefined, log })
  const asked = [...(await pageOf()).matchAll(/(?:src|href)="(docs\/[^"]+)"/g)].map(([, path]) => `/${path}`)
  expect(asked).toHaveLength(4)
  for (const path of asked)
    expect(await files(path)).toMatchObject({ immutable: true, type: expect.stringMatching(/css|javascript/) })
  expect(await files('/docs/../../package.json')).toBeUndefined()
})

it('offers a login where there is one, and may connect to its issuer alone', async () => {
  const login = { issuer: 'https://login.example/realms/shop', audience: 'shop', clientId: 'docs', scopes: 'openid' }
  const page = await createDocs({ login, log })('/docs')
  expect(page).toMatchObject({
    connectsTo: 'https://login.example',
    body: expect.stringContaining('login.example/realms/shop'),
  })
  const without = await createDocs({ log })('/docs')
  expect([without?.connectsTo, String(without?.body)]).toEqual([
    undefined,
    expect.stringContaining('<meta name="ebb-docs-login" content="null">'),
  ])
})
