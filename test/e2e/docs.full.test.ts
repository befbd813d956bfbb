import { afterAll, beforeAll, expect, it } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import { findChromium, launchChromium } from '../support/chromium.ts'
import { startEbb, type TestEbb } from '../support/ebb.ts'
import { describeWhere } from '../support/requirements.ts'

const executable = findChromium()

describeWhere(executable ? undefined : 'no chromium on PATH')('the API reference in Chromium', () => {
  let ebb: TestEbb
  let browser: Browser
  let page: Page
  const asked: string[] = []
  const complaints: string[] = []

  beforeAll(async () => {
    ebb = await startEbb()
    browser = await launchChromium(executable ?? '')
    page = await browser.newPage()
    page.on('request', (request) => asked.push(request.url()))
    page.on('console', (message) => {
      // The browser reports a refusal that a request was made to get as an error, too.
      if (message.type() === 'error' && !message.text().includes('status of 4')) complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(new URL('/docs', ebb.ready.url).href)
  })
  afterAll(async () => {
    await browser?.close()
    await ebb?.stop()
  })

  const open = async (name: string) => {
    await page.locator(`.opblock[id$="${name}"] .opblock-summary-control`).click()
    return page.locator(`.opblock[id$="${name}"]`)
  }
  const answerOf = async (operation: Awaited<ReturnType<typeof open>>) => {
    await operation.getByRole('button', { name: 'Execute' }).click()
    const row = operation.locator('.live-responses-table tbody tr.response')
    const status = (await row.locator('.response-col_status').textContent()) ?? ''
    return { status, text: (await row.textContent()) ?? '' }
  }

  it('says which API it is', async () => {
    await page.locator('.info .title').getByText('The test project').waitFor()
  })

  it('shows every endpoint', async () => {
    await page.locator('.opblock').first().waitFor()
    const shown = await page.locator('.opblock-summary-path').allInnerTexts()
    expect(shown.map((path) => path.replaceAll('\u200b', ''))).toEqual(
      expect.arrayContaining(['/v1/products', '/v1/users', '/v1/users/{id}']),
    )
  })

  it('200 a request that anybody may send answers in the page', async () => {
    const { status, text } = await answerOf(await open('list-products'))
    expect(status).toMatch(/^200/)
    expect(text).toContain('LAMP-BRASS-01')
  })

  it('201 a request that needs a key does so as well: the key of the first role and an Idempotency-Key are filled in', async () => {
    const operation = await open('create-user')
    const { status, text } = await answerOf(operation)
    expect(status).toMatch(/^201/)
    expect(text).toContain('ada@example.com')
  })

  it('201 what needs another role answers in the page as well, once that is chosen', async () => {
    const operation = await open('create-product')
    expect((await answerOf(operation)).status).toMatch(/^403/)
    await page.locator('#keys select').selectOption('merchant')
    await operation.getByRole('button', { name: 'Execute' }).click()
    const status = operation.locator('.live-responses-table tbody tr.response .response-col_status')
    await status.getByText(/^(201|409)/).waitFor()
  })

  it('leads to the guide, each of whose links leads on', async () => {
    await page.getByRole('link', { name: 'Guide' }).click()
    await page.getByRole('heading', { name: 'The guide' }).waitFor()
    const paths = await page
      .locator('main a')
      .evaluateAll((found) => found.map((link) => link.getAttribute('href') ?? ''))
    const links = paths.map((path) => new URL(path, page.url()).href)
    // Where a page names the address of a reader's own laptop, that is none of this one.
    const guide = new URL('/docs/guide', page.url()).href
    const inGuide = links.filter((link) => link.startsWith(guide))
    expect(inGuide.length).toBeGreaterThan(20)
    for (const link of inGuide) {
      expect([link, (await page.goto(link))?.status()]).toEqual([link, 200])
      await page.locator('h1').first().waitFor()
    }
  })

  it('asks only the gateway, and of the issuer only how people log in; it breaks none of its own rules', () => {
    const elsewhere = asked.filter(
      (url) => !url.startsWith('data:') && new URL(url).host !== new URL(ebb.ready.url).host,
    )
    expect([...new Set(elsewhere)]).toEqual([`${ebb.ready.issuer}/.well-known/openid-configuration`])
    expect(complaints).toEqual([])
  })
})
