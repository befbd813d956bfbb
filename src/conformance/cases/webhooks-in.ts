import { equal } from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { describeReceive, type Route } from '../../contract/index.ts'
import { assertProblem, assertRetryAfter } from '../assertions.ts'
import type { ConformanceResponse } from '../client.ts'
import { CONFORMANCE_RECEIVER } from '../conformance-contracts.ts'
import type { Case, Session } from '../session.ts'
import { NothingToRunOn } from '../subjects.ts'

/** The headers by which the known providers sign, with signatures that nobody has made. */
const FORGED = {
  'x-hub-signature-256': `sha256=${'0'.repeat(64)}`,
  'stripe-signature': `t=1700000000,v1=${'0'.repeat(64)}`,
  'webhook-signature': `v1,${'A'.repeat(43)}=`,
}

export const webhooksIn: readonly Case[] = [
  {
    name: 'webhooks in: what is not signed, or forged, is refused, and nothing is stored',
    run: async (session) => {
      const { path, on } = receiverOf(session)
      const count = () => countEvents(session, on)
      const before = await count()
      const now = String(Math.floor(Date.now() / 1_000))
      const ids = { 'x-github-delivery': randomUUID(), 'webhook-id': `msg_${randomUUID()}`, 'webhook-timestamp': now }
      for (const headers of [{}, ids, { ...ids, ...FORGED }]) {
        const answer = await session.send({ method: 'POST', path, json: { type: 'any' }, headers })
        assertRefused(answer)
      }
      equal(await count(), before, 'an event was stored of what was refused')
    },
  },
  {
    name: 'webhooks in: they come by POST, and by nothing else',
    run: async (session) => {
      const { path } = receiverOf(session)
      assertProblem(await session.send({ path }), 405, 'method_not_allowed')
    },
  },
]

/** A gateway that has none of the secrets cannot tell: it takes nothing, and says when to send it again. */
function assertRefused(answer: ConformanceResponse) {
  if (answer.status === 503) {
    assertProblem(answer, 503, 'unavailable')
    return void assertRetryAfter(answer)
  }
  assertProblem(answer, 403, answer.text.includes('signature_expired') ? 'signature_expired' : 'invalid_signature')
}

/** What takes webhooks there: the conformance function, or else one of the project. */
function receiverOf({ hasFunctions, target }: Session): Pick<Route, 'path'> & { readonly on: string } {
  const contracts = hasFunctions ? [CONFORMANCE_RECEIVER] : Object.values(target.contracts ?? {})
  for (const contract of contracts)
    if (contract.kind === 'receive') return { path: describeReceive(contract).path, on: contract.on.type }
  throw new NothingToRunOn('no contract takes webhooks')
}

/** How many events of the type there are, as far as a page shows them; 0 where there is no admin port to ask. */
async function countEvents({ target, admin }: Session, type: string): Promise<number> {
  if (!target.admin) return 0
  return (
    (await admin({ path: `/v1/events?type=${type}&limit=500` })).json<{ events?: readonly unknown[] }>().events
      ?.length ?? 0
  )
}
