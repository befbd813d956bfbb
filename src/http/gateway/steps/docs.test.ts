import { expect, it } from '@jest/globals'
import type { DocsFile } from '../ports.ts'
import { testGateway } from '../test-support.ts'

const FILES: Readonly<Record<string, DocsFile>> = {
  '/docs': { type: 'text/html', body: 'page', lasting: false },
  '/docs/1.js': { type: 'text/javascript', body: 'code', lasting: true },
}
const docs = async (path: string) => FILES[path]

it('200 the page anew each time, its parts for ever, all under a policy that lets in nothing from elsewhere', async () => {
  const { url, spared, woken } = await testGateway({ ports: { docs } })
  const page = await fetch(`${url}/docs`)
  expect([page.status, await page.text(), page.headers.get('cache-control')]).toEqual([200, 'page', 'no-store'])
  const part = await fetch(`${url}/docs/1.js`)
  expect([await part.text(), part.headers.get('content-type')]).toEqual(['code', 'text/javascript'])
  expect(part.headers.get('cache-control')).toMatch(/immutable/)
  for (const { headers } of [page, part]) {
    expect(headers.get('content-security-policy')).toMatch(/^default-src 'none'; script-src 'self'; style-src 'self';/)
    expect(headers.get('x-content-type-options')).toBe('nosniff')
  }
  expect([spared, woken]).toEqual([[], []])
})

it('200 but not readable by the pages of other origins, which may call the API: it may hold a key', async () => {
  const { url } = await testGateway({ ports: { docs, corsOrigins: ['*'] } })
  const headers = { origin: 'https://app.example' }
  expect((await fetch(`${url}/openapi.json`, { headers })).headers.get('access-control-allow-origin')).toBe('*')
  const page = await fetch(`${url}/docs`, { headers })
  expect([page.status, page.headers.get('access-control-allow-origin')]).toEqual([200, null])
})

it('404 what is not there, 405 for whoever writes', async () => {
  const { url } = await testGateway({ ports: { docs } })
  for (const path of ['/docs/', '/docs/2.js', '/docsy']) expect((await fetch(url + path)).status).toBe(404)
  const answer = await fetch(`${url}/docs`, { method: 'POST' })
  expect([answer.status, answer.headers.get('allow')]).toEqual([405, 'GET, HEAD'])
})
