import { mkdtemp, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals'
import type { Browser, Page } from 'playwright-core'
import {
  ADMIN,
  ADMIN_KEY,
  gatewaySettings,
  listenForTest,
  PEPPER,
  startTestGateway,
} from '../../services/gateway/test-support.ts'
import { buildConsole, measureFirstPaint } from '../../src/build/build-console.ts'
import { createKey } from '../../src/data/keys/api-keys.ts'
import { createPool } from '../../src/data/postgres/pool.ts'
import { createLog } from '../../src/kernel/index.ts'
import { testDatabase } from '../../src/testing/index.ts'
import { findChromium, launchChromium } from '../support/chromium.ts'
import { startEbb } from '../support/ebb.ts'
import { itWhere } from '../support/requirements.ts'
import { untilTrue } from '../support/until.ts'
import { auditPage } from './audit-page.ts'

const chromium = findChromium()
const itInBrowser = itWhere(chromium ? undefined : 'no Chromium on PATH')
const MAX_FIRST_PAINT_BYTES = 200_000

const PAGES = [
  ...[
    'functions',
    'functions/create-thing',
    'requests',
    'traces',
    'alerts',
    'cost',
    'events',
    'invocations',
    'schedules',
    'mails',
  ],
  ...['keys', 'plans', 'limits', 'cache', 'contracts', 'settings', 'audit'],
]
const EVENT = '00000000-0000-4000-8000-000000000001'

const database = testDatabase()
const pool = createPool(database.ownerUrl, { log: createLog({ level: 'silent' }) })
let folder = ''
let browser: Browser | undefined
/** What came to the functions: the console calls none. */
let calls: string[] = []
/** What the browser complained of: errors of the page, and what its policy has blocked. */
let faults: string[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'ebb-console-'))
  await buildConsole(join(folder, 'console'))
  if (chromium) browser = await launchChromium(chromium)
})
beforeEach(() => {
  calls = []
  faults = []
})
// A page that stays open goes on asking a gateway that is gone.
afterEach(async () => {
  for (const context of browser?.contexts() ?? []) await context.close()
})
afterAll(async () => {
  await browser?.close()
  await pool.end()
  await rm(folder, { recursive: true, force: true })
})

async function start(settings: Readonly<Record<string, string>> = {}) {
  const { env } = await gatewaySettings(database.url, ({ method, url }, response) => {
    calls.push(`${method} ${url}`)
    response.end('{}')
  })
  return startTestGateway({ ...env, EBB_CONSOLE_DIR: join(folder, 'console'), ...settings })
}

const WIDE = { width: 1_280, height: 800 }
const NARROW = { width: 360, height: 800 }

/** The console in a browser of its own, opened with this key. */
async function open(admin: string, key = ADMIN_KEY): Promise<Page> {
  const context = await browser?.newContext({ viewport: WIDE, reducedMotion: 'reduce' })
  if (!context) throw new Error('there is a browser')
  const page = await context.newPage()
  page.setDefaultTimeout(30_000)
  page.on('pageerror', ({ message }) => void faults.push(message))
  // What is not there on this Ebb is a 404, of which the browser tells by itself.
  page.on(
    'console',
    (line) => void (line.type() === 'error' && !/status of 40[014]/.test(line.text()) && faults.push(line.text())),
  )
  await page.goto(`${admin}/console/`)
  await page.getByLabel('Admin key').fill(key)
  await page.getByRole('button', { name: 'Open' }).click()
  // Whoever leaves before the answer has no session.
  await page.getByRole('navigation').or(page.getByRole('alert')).first().waitFor()
  return page
}

const confirm = (page: Page, name: string) =>
  page.getByRole('dialog').getByRole('button', { name, exact: true }).click()

describe('the files', () => {
  it('of the first page take no more than 200 kB, packed', async () => {
    expect(await measureFirstPaint(join(folder, 'console'))).toBeLessThan(MAX_FIRST_PAINT_BYTES)
  })

  it('are sent under a policy that allows nothing inline and nothing from elsewhere', async () => {
    const { admin } = await start()
    const page = await fetch(`${admin}/console/events/${EVENT}`)
    expect([page.status, page.headers.get('content-type')]).toEqual([200, 'text/html; charset=utf-8'])
    const policy = page.headers.get('content-security-policy') ?? ''
    expect(policy).toContain("default-src 'none'")
    expect(policy).not.toMatch(/unsafe|https?:|\*/)
    const [, script = ''] = /src="([^"]+)"/.exec(await page.text()) ?? []
    const file = await fetch(`${admin}${script}`)
    expect([file.status, file.headers.get('cache-control')]).toEqual([200, 'public, max-age=31536000, immutable'])
    expect((await fetch(`${admin}/console/gone-12345678.js`)).status).toBe(404)
  })

  it('that are not built yet are answered with 503', async () => {
    const { env } = await gatewaySettings(database.url, (_request, response) => void response.end())
    const { admin } = await startTestGateway({ ...env, EBB_CONSOLE_DIR: join(folder, 'none') })
    expect((await fetch(`${admin}/console/`)).status).toBe(503)
  })
})

describe('the console', () => {
  itInBrowser('refuses whoever has no key', async () => {
    const { admin } = await start()
    const page = await open(admin, 'not the admin key')
    await page.getByRole('alert').waitFor()
    expect(await page.getByRole('navigation').count()).toBe(0)
  })

  itInBrowser(
    'shows every page without a fault of accessibility, light, dark and narrow, and calls no function',
    async () => {
      const { admin } = await start()
      await createKey(pool, PEPPER, { subject: 'ann', scopes: ['things:write'], actor: 'test' })
      const page = await open(admin)
      await page.getByRole('navigation').waitFor()
      for (const path of PAGES) {
        await page.setViewportSize(WIDE)
        await page.goto(`${admin}/console/${path}`)
        await page.getByRole('heading', { level: 1 }).waitFor()
        await untilTrue(async () => (await page.locator('.skeleton').count()) === 0)
        await page.evaluate("for (const one of document.querySelectorAll('details')) one.open = true")
        await page.emulateMedia({ colorScheme: 'light' })
        expect([path, await auditPage(page)]).toEqual([path, []])
        await page.emulateMedia({ colorScheme: 'dark' })
        await page.setViewportSize(NARROW)
        expect([path, await auditPage(page)]).toEqual([path, []])
        expect([path, await page.evaluate('document.documentElement.scrollWidth <= innerWidth')]).toEqual([path, true])
      }
      await page.getByRole('button', { name: 'Menu' }).click()
      await page.getByRole('link', { name: 'Keys' }).click()
      await page.getByRole('heading', { name: 'Keys' }).waitFor()
      expect([faults, calls]).toEqual([[], []])
    },
  )

  itInBrowser('is used by the keyboard alone', async () => {
    const { admin } = await start()
    const page = await open(admin)
    await page.getByRole('heading', { name: 'Functions' }).waitFor()
    await page.keyboard.press('g')
    await page.keyboard.press('k')
    await page.getByRole('heading', { name: 'Keys' }).waitFor()
    await page.keyboard.press('/')
    expect(await page.evaluate('document.activeElement.tagName')).toBe('SELECT')
    await page.getByRole('button', { name: 'New key' }).press('Enter')
    await page.getByRole('dialog').waitFor()
    await page.keyboard.press('Escape')
    expect(await page.getByRole('dialog').count()).toBe(0)
  })

  itInBrowser('shows a mail as its reader sees it, and lets nothing of it run', async () => {
    const mail = {
      ...{
        id: 'order-7@shop.example',
        at: new Date().toISOString(),
        from: 'shop@shop.example',
        to: ['ada@example.com'],
      },
      ...{ subject: 'Your order', text: 'Hello, Ada', correlationId: null, traceId: null },
      html: '<p style="color: green">Hello, Ada</p><script>document.write("it ran")</script>',
    }
    const mailbox = createServer(({ url }, response) => {
      response.end(JSON.stringify(url === '/mails' ? [mail] : mail))
    })
    const port = await listenForTest(mailbox)
    const { admin } = await start({ EBB_MAILS_URL: `http://127.0.0.1:${port}/mails` })
    const page = await open(admin)
    await page.goto(`${admin}/console/mails`)
    await page.getByRole('link', { name: 'Your order' }).click()
    const body = page.frameLocator('iframe').locator('body')
    await body.getByText('Hello, Ada').waitFor()
    expect(await body.getByText('it ran').count()).toBe(0)
    // Its address has a dot in it, as a file has.
    await page.reload()
    await page.getByRole('heading', { name: 'Your order' }).waitFor()
    expect(await auditPage(page)).toEqual([])
    mailbox.close()
  })

  itInBrowser('rotates a key: it says what would happen first, and shows the new token once', async () => {
    const { admin, url } = await start()
    const { key } = await createKey(pool, PEPPER, { subject: 'bob', scopes: ['things:write'], actor: 'test' })
    const page = await open(admin)
    await page.goto(`${admin}/console/keys?subject=bob`)
    await page.getByRole('button', { name: 'Rotate' }).click()
    await page.getByText('A new key with the same rights is made').waitFor()
    const { rows } = await pool.query('select id from ebb.api_key where subject = $1', ['bob'])
    expect(rows).toEqual([{ id: key.id }])
    await confirm(page, 'Rotate')
    const token = (await page.getByRole('region', { name: 'Token' }).locator('pre').textContent()) ?? ''
    expect((await fetch(`${url}/v1/things`, { headers: { 'x-api-key': token } })).status).toBe(200)
    await confirm(page, 'Close')
    expect(await page.content()).not.toContain(token)
    expect(await auditOf('key.rotated')).toEqual([expect.stringContaining('bob')])
  })

  itInBrowser('purges by a tag', async () => {
    const { admin } = await start()
    const page = await open(admin)
    await page.goto(`${admin}/console/cache`)
    await page.getByRole('button', { name: 'Purge' }).click()
    await page.getByRole('dialog').getByLabel('Which').selectOption('tag')
    await page.getByRole('dialog').getByLabel('Tag').fill('product:17')
    await page.getByText('All gateways forget the responses with the tag product:17').waitFor()
    expect(await auditOf('cache.purged')).toEqual([])
    await confirm(page, 'Purge')
    await page.getByText('Purged: product:17.').waitFor()
    expect(await auditOf('cache.purged')).toHaveLength(1)
  })

  itInBrowser('finds a dead letter, shows its attempts, and sends it again after a dry run', async () => {
    const { admin } = await start()
    await bury()
    const page = await open(admin)
    await page.goto(`${admin}/console/events?state=dead`)
    await page.getByRole('table', { name: 'Events' }).getByRole('link', { name: 'user.created' }).click()
    await page.getByRole('heading', { name: 'To send-welcome' }).waitFor()
    await page.getByText('its mailbox is full').waitFor()
    await page.getByRole('button', { name: 'Redrive' }).click()
    await page.getByText('1 delivery would be taken up').waitFor()
    expect(await stateOf()).toBe('dead')
    await confirm(page, 'Redrive')
    await page.getByText('It is on its way again.').waitFor()
    expect(await stateOf()).toBe('waiting')
  })

  itInBrowser('changes what a dead letter says: its subscriber judges it before anything is written', async () => {
    const { admin } = await start()
    await pool.query('truncate ebb.outbox, ebb.delivery, ebb.attempt')
    await bury()
    const page = await open(admin)
    await page.goto(`${admin}/console/events`)
    await page.getByRole('table', { name: 'Dead letters' }).getByRole('link', { name: 'user.created' }).click()
    await page.getByRole('button', { name: 'Edit' }).click()
    const dialog = page.getByRole('dialog')
    await dialog.getByLabel('Data').fill('{"name":')
    await dialog.getByText('JSON').waitFor()
    expect(await dialog.getByRole('button', { name: 'Edit' }).isDisabled()).toBe(true)
    await dialog.getByLabel('Data').fill('{"name":"Grace"}')
    await dialog.getByText('send-welcome would take it.').waitFor()
    expect(await auditOf('event.edited')).toEqual([])
    await confirm(page, 'Edit')
    await page.getByText('gets the edited data at the next redrive').waitFor()
    expect(await auditOf('event.edited')).toEqual([`${EVENT} send-welcome`])
  })

  itInBrowser('is opened by a key that is good once, and forgets who is logged in when told to', async () => {
    const { admin } = await start()
    const made = await fetch(`${admin}/v1/session/keys`, { method: 'POST', headers: ADMIN })
    const { key } = Object(await made.json()) as { readonly key: string }
    const context = await browser?.newContext()
    const page = await context?.newPage()
    if (!page) throw new Error('there is a browser')
    await page.goto(`${admin}/console/#key=${key}`)
    await page.getByRole('button', { name: 'Log out' }).click()
    await page.getByLabel('Admin key').waitFor()
    expect(page.url()).toBe(`${admin}/console/functions`)
    await page.goto(`${admin}/console/keys#key=${key}`)
    await page.reload()
    await page.getByLabel('Admin key').waitFor()
  })

  itInBrowser('tries an endpoint: first what the gateway would do, then the request itself', async () => {
    const { admin } = await start()
    const { token } = await createKey(pool, PEPPER, { subject: 'eve', scopes: ['things:write'], actor: 'test' })
    const page = await open(admin)
    await page.goto(`${admin}/console/functions/get-thing`)
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByRole('dialog').getByText('unauthenticated').waitFor()
    await confirm(page, 'Cancel')
    await page.getByLabel('API key or access token').fill(token)
    await page.getByRole('button', { name: 'Send' }).click()
    await page.getByText('It is a real request').waitFor()
    expect(calls).toEqual([])
    await confirm(page, 'Send')
    await page.getByRole('region', { name: 'Body of the response' }).waitFor()
    expect([calls, await auditOf('request.sent')]).toEqual([['GET /get-thing/v1/things'], ['GET /v1/things']])
  })
})

describe('the console of a laptop', () => {
  itInBrowser(
    'follows a request that it has sent from the click to the mail, and names what was waited for',
    async () => {
      const ebb = await startEbb()
      try {
        const { admin, adminKey, keys } = ebb.ready
        await untilTrue(async () => (await fetch(`${admin}/console/`)).ok, { what: 'the page is built' })
        const page = await open(admin, adminKey)
        await page.goto(`${admin}/console/functions/create-user`)
        await page.getByLabel('API key or access token').fill(keys.customer ?? '')
        await page.getByRole('button', { name: 'Send' }).click()
        await page.getByText('It is a real request').waitFor()
        await confirm(page, 'Send')
        await page.getByRole('region', { name: 'Body of the response' }).waitFor()
        await untilTrue(() => ebb.events.some(({ event, outcome }) => event === 'delivery' && outcome === 'done'))

        await page.goto(`${admin}/console/requests?function=create-user`)
        await page.getByRole('table', { name: 'Requests' }).locator('a.sub').click()
        const rows = page.locator('ol.waterfall li')
        // Spans are sent a moment after their end.
        await untilTrue(async () => {
          await page.reload()
          await rows.first().waitFor()
          return (await rows.allTextContents()).some((text) => text.includes('send mail'))
        })
        const told = (await rows.allTextContents()).join('\n')
        expect(told).toMatch(/^POST \/v1\/users gateway/)
        for (const part of [
          'create-user',
          'deliver user.created to send-welcome-email relay',
          'send mail send-welcome-email',
        ])
          expect(told).toContain(part)
        const gaps = await rows.locator('em').allTextContents()
        expect(gaps.filter((gap) => gap === 'cold start')).toHaveLength(2)
        expect(gaps).toContain('wait for the relay')
        await page.getByText('Nothing failed').waitFor()
        expect([await auditPage(page), faults]).toEqual([[], []])
      } finally {
        await ebb.stop()
      }
    },
  )
})

const auditOf = async (action: string) =>
  (await pool.query('select subject from ebb.audit where action = $1', [action])).rows.map(({ subject }) => subject)

/** An event that its subscriber has refused for good. */
async function bury(): Promise<void> {
  await pool.query(
    `insert into ebb.outbox (id, type, source, payload, traceparent, correlation_id, caller_id, fanned_out_at)
     values ($1, 'user.created', '/functions/create-user', '{"name":"Ada"}', '00-a-b-01', 'c', 'ann', now())`,
    [EVENT],
  )
  await pool.query(
    `insert into ebb.delivery (event_id, consumer, state, attempts, settled_at) values ($1, 'send-welcome', 'dead', 1, now())`,
    [EVENT],
  )
  await pool.query(
    `insert into ebb.attempt (event_id, consumer, number, started_at, duration_ms, status, error, traceparent)
     values ($1, 'send-welcome', 1, now(), 12, 422, 'its mailbox is full', '00-a-b-01')`,
    [EVENT],
  )
}

const stateOf = async () =>
  (await pool.query('select state from ebb.delivery where event_id = $1', [EVENT])).rows[0]?.state
