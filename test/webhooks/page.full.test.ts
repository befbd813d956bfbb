import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterAll, beforeAll, describe, expect } from '@jest/globals'
import type { Browser, Frame, Page } from 'playwright-core'
import { testDatabase } from '../../src/testing/index.ts'
import { findChromium, launchChromium } from '../support/chromium.ts'
import { itWhere } from '../support/requirements.ts'
import { startReceiver } from '../support/webhook-receiver.ts'
import { startPlatform, type TestPlatform } from './platform.ts'

const chromium = findChromium()
const itInBrowser = itWhere(chromium ? undefined : 'no Chromium on PATH')

let platform: TestPlatform
let receiver: Awaited<ReturnType<typeof startReceiver>>
let browser: Browser | undefined
const host = createServer((_request, response) => {
  response.setHeader('content-type', 'text/html')
  // What a team's own page does: it waits until the frame is there, and gives it its customer's token.
  response.end(`<iframe src="${platform.url}/docs/webhooks" style="width:40rem;height:40rem"></iframe><script>
    addEventListener('message', ({ data, source }) => data?.ebbWebhooks === 'ready' &&
      source.postMessage({ ebbWebhooks: { token: ${JSON.stringify(token)} } }, ${JSON.stringify(platform.url)}))
  </script>`)
})
let token: string
const database = testDatabase()
beforeAll(async () => {
  host.listen(0, '127.0.0.1')
  await new Promise((resolve) => host.once('listening', resolve))
  receiver = await startReceiver()
  const env = { EBB_GUARDED_ALSO: receiver.host, EBB_CORS_ORIGINS: `http://127.0.0.1:${portOf(host)}` }
  platform = await startPlatform(database.ownerUrl, { env })
  token = await platform.keyOf('ada')
  await platform.startRelay()
  if (chromium) browser = await launchChromium(chromium)
})
afterAll(async () => {
  await browser?.close()
  await platform.close()
  receiver.close()
  host.close().closeAllConnections()
})
// A server that listens on a port has an address.
const portOf = (server: typeof host) => (server.address() as AddressInfo).port

async function open(): Promise<Page> {
  const page = await browser?.newPage()
  if (!page) throw new Error('there is a browser')
  page.setDefaultTimeout(30_000)
  return page
}

const state = (page: Page | Frame) => page.locator('.webhook .state').first()

describe('the page of webhooks', () => {
  itInBrowser('lets a customer make, test, pause and delete one, and shows what was sent', async () => {
    const page = await open()
    const faults: string[] = []
    page.on('pageerror', ({ message }) => void faults.push(message))
    page.on('console', (line) => void (line.type() === 'error' && faults.push(line.text())))
    page.on('dialog', (dialog) => void dialog.accept())
    await page.goto(`${platform.url}/docs/webhooks`)
    await page.getByLabel('API key or access token').fill(token)
    await page.getByRole('button', { name: 'Show webhooks' }).click()
    await page.getByText('You have no webhooks yet.').waitFor()
    await page.getByLabel('Address').fill(receiver.url)
    await page.getByLabel('What you call it').fill('My <b>shop</b>')
    await page.getByLabel('order.placed').check()
    await page.getByRole('button', { name: 'Create' }).click()
    expect(await page.locator('#secret').inputValue()).toMatch(/^whsec_/)
    expect(await page.getByRole('heading', { level: 3 }).textContent()).toBe('My <b>shop</b>')
    await page.getByRole('button', { name: 'Test', exact: true }).click()
    await page.getByText('A test message is on its way.').waitFor()
    await page.getByRole('button', { name: 'Deliveries' }).click()
    await page.locator('.deliveries li strong', { hasText: 'webhook.test' }).waitFor()
    await page.getByRole('button', { name: 'Pause' }).click()
    await page.getByRole('button', { name: 'Resume' }).waitFor()
    expect(await state(page).textContent()).toBe('paused')
    await page.getByRole('button', { name: 'Delete' }).click()
    await page.getByText('You have no webhooks yet.').waitFor()
    expect(faults).toEqual([])
  })

  itInBrowser('says what is wrong with an address', async () => {
    const page = await open()
    await page.goto(`${platform.url}/docs/webhooks`)
    await page.getByLabel('API key or access token').fill(token)
    await page.getByRole('button', { name: 'Show webhooks' }).click()
    await page.getByLabel('Address').fill('https://10.0.0.1/')
    await page.getByLabel('order.placed').check()
    await page.getByRole('button', { name: 'Create' }).click()
    await page.getByText('Must be an address of the public internet').waitFor()
  })

  itInBrowser('is shown in a frame by pages of allowed origins, with the token that these give it', async () => {
    const page = await open()
    await page.goto(`http://127.0.0.1:${portOf(host)}/`)
    await page.frameLocator('iframe').getByText('You have no webhooks yet.').waitFor()
    expect(await page.frameLocator('iframe').getByLabel('API key or access token').isVisible()).toBe(false)
    const { headers } = await fetch(`${platform.url}/docs/webhooks`)
    expect(headers.get('content-security-policy')).toContain(`frame-ancestors http://127.0.0.1:${portOf(host)}`)
    expect((await fetch(`${platform.url}/docs`)).headers.get('content-security-policy')).toContain(
      "frame-ancestors 'none'",
    )
  })
})
