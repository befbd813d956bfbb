import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import type { Page } from 'playwright-core'

/** A rule of WCAG 2.2 AA or of good practice that a page breaks, and where. */
export interface Violation {
  readonly rule: string
  readonly first: string
}

const RULES = ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice']
const AXE = readFileSync(fileURLToPath(import.meta.resolve('axe-core/axe.min.js')), 'utf8')

/** What axe-core finds wrong with a page as it is now. It is evaluated from outside: the page's own policy would refuse it. */
export async function auditPage(page: Page): Promise<readonly Violation[]> {
  const session = await page.context().newCDPSession(page)
  await session.send('Runtime.evaluate', { expression: AXE })
  const { result } = await session.send('Runtime.evaluate', {
    expression: `axe.run(document, { runOnly: ${JSON.stringify(RULES)} }).then(({ violations }) =>
      JSON.stringify(violations.map(({ id, nodes }) => ({ rule: id, first: nodes[0].html }))))`,
    ...{ awaitPromise: true, returnByValue: true },
  })
  await session.detach()
  return JSON.parse(String(result.value))
}
