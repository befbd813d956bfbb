import { afterAll, beforeAll, expect, it } from '@jest/globals'
import type { Browser, Locator, Page } from 'playwright-core'
import { findChromium, launchChromium } from '../support/chromium.ts'
import { spawnCli } from '../support/cli.ts'
import { startEbb, type TestEbb } from '../support/ebb.ts'
import { describeWhere } from '../support/requirements.ts'

const executable = findChromium()

describeWhere(executable ? undefined : 'no chromium on PATH')('a login in Chromium', () => {
  let ebb: TestEbb
  let browser: Browser
  let page: Page
  let docs: string
  const asked: string[] = []
  const complaints: string[] = []

  beforeAll(async () => {
    ebb = await startEbb()
    docs = new URL('/docs', ebb.ready.url).href
    browser = await launchChromium(executable ?? '')
    page = await browser.newPage()
    page.on('request', (request) => asked.push(request.url()))
    page.on('console', (message) => {
      // The browser reports a refusal that a request was made to get as an error, too.
      if (message.type() === 'error' && !message.text().includes('status of 4')) complaints.push(message.text())
    })
    page.on('pageerror', (error) => complaints.push(error.message))
    await page.goto(docs)
  })
  afterAll(async () => {
    await browser?.close()
    await ebb?.stop()
  })

  const open = async (name: string): Promise<Locator> => {
    const operation = page.locator(`.opblock[id$="${name}"]`)
    const button = operation.getByRole('button', { name: 'Execute' })
    if (!(await button.isVisible())) await operation.locator('.opblock-summary-control').click()
    return operation
  }
  /** The status of a request that the page sends. */
  const send = async (name: string) => {
    const operation = await open(name)
    const [response] = await Promise.all([
      page.waitForResponse((answer) => answer.url().includes('/v1/')),
      operation.getByRole('button', { name: 'Execute' }).click(),
    ])
    return response
  }
  const caller = () => page.locator('#callers select option:checked').textContent()

  it('costs no process until somebody logs in', () => {
    expect(ebb.events.filter(({ event }) => event === 'start').map(({ part }) => part)).not.toContain('provider')
  })

  it('422 the page refuses who is none of the people', async () => {
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('heading', { name: 'Log in' }).waitFor()
    await page.locator('button[value=ada]').evaluate((button) => button.setAttribute('value', 'zoe'))
    await page.locator('button[value=zoe]').click()
    await page.getByRole('alert').getByText('There is no zoe').waitFor()
  })

  it('leads back to the reference, where it says who is logged in, and no address has a token or a code', async () => {
    await page.getByRole('button', { name: 'Ada Lovelace' }).click()
    await page.getByRole('button', { name: 'Log out Ada Lovelace' }).waitFor()
    expect([page.url(), await caller()]).toEqual([docs, 'Ada Lovelace'])
  })

  it('201 a request of the page has the token, and what the scopes allow is allowed', async () => {
    const response = await send('create-user')
    const sent = await response.request().allHeaders()
    expect([sent.authorization, sent['x-api-key']]).toEqual([expect.stringMatching(/^Bearer eyJ/), undefined])
    expect(response.status()).toBe(201)
  })

  it('403 what they do not allow is not', async () => {
    expect((await send('create-product')).status()).toBe(403)
  })

  it('outlives a reload of the page', async () => {
    await page.reload()
    await page.getByRole('button', { name: 'Log out Ada Lovelace' }).waitFor()
    expect(await caller()).toBe('Ada Lovelace')
  })

  it('401 ends with a logout, at the provider too, and then a request has no token', async () => {
    await page.getByRole('button', { name: 'Log out Ada Lovelace' }).click()
    await page.getByText('Ada Lovelace is logged in').waitFor()
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByRole('button', { name: 'Log in' }).waitFor()
    expect([page.url(), await caller()]).toEqual([docs, 'nobody'])
    expect((await send('create-user')).status()).toBe(401)
    await page.getByRole('button', { name: 'Log in' }).click()
    await page.getByRole('button', { name: 'Ada Lovelace' }).waitFor()
  })

  it('tells the reference that it was cancelled', async () => {
    await page.getByRole('button', { name: 'Cancel' }).click()
    await page.getByRole('alert').getByText('The login was cancelled.').waitFor()
    expect(page.url()).toBe(`${docs}#/users/create-user`)
  })

  it('asks only the gateway and the provider, with no token in an address, and breaks none of their rules', () => {
    const urls = asked.filter((url) => !url.startsWith('data:'))
    const hosts = [ebb.ready.url, ebb.ready.issuer].map((url) => new URL(url).host)
    expect(new Set(urls.map((url) => new URL(url).host))).toEqual(new Set(hosts))
    expect(urls.filter((url) => url.includes('eyJ'))).toEqual([])
    expect(complaints).toEqual([])
  })

  describeToken(() => ebb)
})

/** `ebb token`, of the same Ebb. */
function describeToken(running: () => TestEbb) {
  const token = (...args: readonly string[]) =>
    spawnCli(['token', ...args], { env: { EBB_HOME: running().folder } }).ended

  it('ebb token prints a token that the gateway accepts, and nothing else', async () => {
    const { code, stdout, stderr } = await token('--as', 'ada')
    expect([code, stdout, stderr]).toEqual([0, expect.stringMatching(/^eyJ[\w-]+\.[\w-]+\.[\w-]+$/), ''])
    const headers = { authorization: `Bearer ${stdout}`, 'idempotency-key': 'by-token' }
    const body = { email: 'by-token@example.com', name: 'Ada' }
    const answer = await running().call('POST', '/v1/users', { key: '', headers, body })
    expect(answer.status).toBe(201)
  })

  it('ebb token rotate keeps what was signed before, and with --drop-old does not', async () => {
    const statusOf = async (token: string, key: string) => {
      const body = { email: `${key}@example.com`, name: 'Ada' }
      const headers = { authorization: `Bearer ${token}`, 'idempotency-key': key }
      return (await running().call('POST', '/v1/users', { key: '', headers, body })).status
    }
    const { stdout: before } = await token('--as', 'ada')
    expect((await token('rotate')).stdout).toMatch(/ signs from now on; 1 older key stays valid$/)
    expect(await statusOf(before, 'rotated')).toBe(201)
    expect((await token('rotate', '--drop-old')).code).toBe(0)
    const { stdout: after } = await token('--as', 'ada')
    expect([await statusOf(before, 'dropped'), await statusOf(after, 'new')]).toEqual([401, 201])
  })

  it('ebb token --json says what is in it', async () => {
    const { stdout } = await token('--as', 'ben', '--scope', 'products:write', '--json')
    expect(JSON.parse(stdout)).toMatchObject({
      person: 'ben',
      scopes: ['products:write'],
      expiresAt: expect.any(String),
    })
  })

  it.each([
    [['--as', 'zoe'], 'there is no person zoe; there are ada, ben, cleo'],
    [
      ['--as', 'ada', '--scope', 'products:write'],
      'ada does not have products:write; the roles give users:write orders:write',
    ],
    [[], 'ebb token needs --as PERSON'],
  ])('ebb token %j says what is wrong', async (args, sentence) => {
    const { code, stdout, stderr } = await token(...args)
    expect([code, stdout, stderr]).toEqual([expect.any(Number), '', expect.stringContaining(sentence)])
    expect(code).not.toBe(0)
  })
}

it('ebb token says where no Ebb runs', async () => {
  const { code, stderr } = await spawnCli(['token', '--as', 'ada'], { env: { EBB_HOME: '/nonexistent/ebb' } }).ended
  expect([code, stderr]).toEqual([1, expect.stringContaining('no Ebb runs here; start it with npm start')])
})
