import { once } from 'node:events'
import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer, type Server } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals'
import { createClient } from 'ebb/client'
import type { Browser, Page } from 'playwright-core'
import { buildClient } from '../../src/deploy/build-client.ts'
import createUser from '../project/functions/create-user/contract.ts'
import listProducts from '../project/functions/list-products/contract.ts'
import { findChromium, launchChromium } from '../support/chromium.ts'
import { startEbb, type TestEbb } from '../support/ebb.ts'
import { TEST_PROJECT } from '../support/project.ts'
import { describeWhere } from '../support/requirements.ts'

let ebb: TestEbb
beforeAll(async () => {
  ebb = await startEbb()
})
afterAll(() => ebb.stop())

describe('the typed client, from the contracts themselves', () => {
  const client = () =>
    createClient({ createUser, listProducts }, { baseUrl: ebb.ready.url, key: ebb.ready.keys.customer })

  it('gets what is there', async () => {
    const result = await client().listProducts({ query: { limit: 3 } })
    expect(result.ok && result.data.items).toHaveLength(3)
  })

  it('tells a declared failure from another', async () => {
    const body = { email: 'ada@example.com', name: 'Ada' }
    expect(await client().createUser({ body })).toMatchObject({ ok: true, status: 201 })
    expect(await client().createUser({ body })).toMatchObject({ ok: false, error: 'email_taken', status: 409 })
  })
})

const executable = findChromium()
describeWhere(executable ? undefined : 'no chromium on PATH')('the packed client, in Chromium', () => {
  let folder: string
  let site: Server
  let browser: Browser
  let page: Page
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), 'ebb-client-'))
    await buildClient(TEST_PROJECT, { folder })
    // Another origin than the API's, as any page is.
    site = createServer(async (request, response) => {
      const script = request.url === '/index.js'
      response.setHeader('content-type', script ? 'text/javascript' : 'text/html')
      response.end(script ? await readFile(join(folder, 'index.js')) : '<!doctype html><title>a page</title>')
    }).listen(0, '127.0.0.1')
    await once(site, 'listening')
    browser = await launchChromium(executable ?? '')
    page = await browser.newPage()
    const address = site.address()
    await page.goto(`http://localhost:${typeof address === 'object' ? address?.port : ''}/`)
  })
  afterAll(async () => {
    await browser?.close()
    site?.close()
    await rm(folder, { recursive: true, force: true })
  })

  it('201 sends a request that needs key, body and Idempotency-Key, and reads its answer', async () => {
    const given = { baseUrl: ebb.ready.url, key: ebb.ready.keys.customer, script: '/index.js' }
    const result = await page.evaluate(async ({ baseUrl, key, script }) => {
      const { createClient: create } = await import(script)
      const client = create({ baseUrl, key })
      const made = await client.createUser({ body: { email: 'page@example.com', name: 'Page' } })
      return { made, seen: await client.getUser({ params: { id: made.data.id } }) }
    }, given)
    expect(result.made).toMatchObject({ ok: true, status: 201, data: { email: 'page@example.com' } })
    expect(result.seen).toMatchObject({ ok: true, data: { id: result.made.data.id } })
  })
})
