import type { Client } from './client.ts'
import { forEach } from './for-each.ts'
import type { LedgerLine } from './ledger.ts'

const CALLERS = 20

/** What came of the requests that nobody waited for, as their caller is told: an id, or that their attempts are used up. */
export async function readResults(client: Client, ledger: readonly LedgerLine[]) {
  const later = ledger.filter(({ what, location }) => what === 'acknowledged' && location !== undefined)
  const ids = new Map<string, string>()
  const givenUp = new Set<string>()
  await forEach(later, CALLERS, async ({ name, location = '' }) => {
    const { state, result } = await client.stateAt(location)
    if (state === 'failed') givenUp.add(name)
    else ids.set(name, result?.body.id ?? `none, since its state is ${state}`)
  })
  return { ids, givenUp }
}
