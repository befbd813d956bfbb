import { chmod, mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { consoleAddress } from '../../src/dev/console-address.ts'
import { findChromium, launchChromium } from '../../test/support/chromium.ts'
import type { Ready } from '../../test/support/ebb.ts'

/** What an operator looks at while something goes on; each of them asks again by itself. */
const PAGES = ['functions', 'traces', 'cost', 'alerts']

/**
 * Opens the console's pages in a Chromium, and follows all requests on one of them. What the browser itself computes is no part of what is measured:
 * it gets what everything else leaves of the processors.
 */
export async function openConsole({ admin, adminKey }: Pick<Ready, 'admin' | 'adminKey'>) {
  const chromium = findChromium()
  if (!chromium) throw new Error('there is no Chromium on PATH')
  const folder = await mkdtemp(join(tmpdir(), 'ebb-bench-browser-'))
  const nice = join(folder, 'chromium')
  await writeFile(nice, `#!/bin/sh\nexec nice -n 19 '${chromium}' "$@"\n`)
  await chmod(nice, 0o755)
  const browser = await launchChromium(nice)
  const context = await browser.newContext()
  const open = async (url: string) => {
    const page = await context.newPage()
    page.setDefaultTimeout(120_000)
    await page.goto(url)
    await page.getByRole('navigation').first().waitFor()
    return page
  }
  const live = await open(await consoleAddress(admin, adminKey))
  await live.goto(`${admin}/console/requests`)
  await live.getByRole('button', { name: 'Follow live' }).click()
  for (const path of PAGES) await open(`${admin}/console/${path}`)
  return {
    /** How many requests the page that follows shows now. */
    shown: () => live.locator('tbody tr').count(),
    [Symbol.asyncDispose]: async () => {
      await browser.close()
      await rm(folder, { recursive: true, force: true })
    },
  }
}
