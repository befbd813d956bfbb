import { createServer } from 'node:http'
import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { createDocs } from './docs.ts'
import { fetchGuide } from './fetch-guide.ts'
import { listenForTest } from './test-support.ts'

const asked: string[] = []
const runner = createServer((request, response) => {
  asked.push(request.url ?? '')
  if (request.url === '/_/guide/none') response.statusCode = 404
  response.setHeader('content-type', 'text/html; charset=utf-8')
  response.end(`<p>${request.url}</p>`)
})
let url = ''
beforeAll(async () => {
  url = `http://127.0.0.1:${await listenForTest(runner)}/_/guide`
})
afterAll(() => runner.closeAllConnections())

it('serves what the runner has at the same path below its own', async () => {
  const page = await fetchGuide(url)('/reference/settings')
  expect(page).toMatchObject({ type: 'text/html; charset=utf-8', immutable: false })
  expect(String(page?.body)).toBe('<p>/_/guide/reference/settings</p>')
})

it.each(['/..', '/../functions', '/%2e%2e/functions', '/a/../../functions', '/.env', '//x', '?x', '/a?x'])(
  'asks for nothing outside of the guide: %s',
  async (path) => {
    asked.length = 0
    expect(await fetchGuide(url)(path)).toBeUndefined()
    expect(asked).toEqual([])
  },
)

it('has no page where the runner has none or does not answer', async () => {
  expect(await fetchGuide(url)('/none')).toBeUndefined()
  expect(await fetchGuide('http://127.0.0.1:1/_/guide')('/reference/settings')).toBeUndefined()
})

it('is linked from the API reference only where there is one', async () => {
  const pageOf = async (guideUrl?: string) =>
    String((await createDocs({ key: undefined, guideUrl, log: { warn: () => {} } })('/docs'))?.body)
  expect(await pageOf(url)).toContain('href="docs/guide"')
  expect(await pageOf()).not.toContain('guide')
  expect(await createDocs({ key: undefined, log: { warn: () => {} } })('/docs/guide')).toBeUndefined()
})
