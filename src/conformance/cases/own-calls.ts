import { deepEqual, equal } from 'node:assert/strict'
import { assertIssues, assertProblem, assertStatus } from '../assertions.ts'
import { newKey } from '../entries.ts'
import { ASYNC, type Invocation, stateAt, untilFinal } from '../invocations.ts'
import type { Caller, Case } from '../session.ts'
import { make, newWrite } from '../writes.ts'

export const ownCalls: readonly Case[] = [
  {
    name: 'wait: within the time the answer is that of the call itself, and the state is told when it has ended',
    needs: ['key'],
    needsFunctions: true,
    run: async (session) => {
      const [me, key] = [await session.caller(), newKey()]
      const { sent, assertEffects } = newWrite(session, 'async')
      const headers = { prefer: 'respond-async, wait=30' }
      const first = await make(me, sent, { key, headers })
      // A cold start may take longer.
      if (first.status === 202) await untilFinal(me, stateAt(first), session.until)
      const answer = await make(me, sent, { key, headers })
      assertStatus(answer, 201)
      deepEqual([answer.headers['preference-applied'], answer.headers['idempotency-replayed']], ['wait=30', 'true'])
      const path = stateAt(await make(me, sent, { key, headers: ASYNC }))
      const state = await me.send({ path, headers: { prefer: 'wait=30' } })
      equal(state.headers['preference-applied'], 'wait=30')
      deepEqual(state.json<Invocation>().result?.body, answer.json())
      await assertEffects(1)
    },
  },
  {
    name: 'cancel: a call either never has an effect, or cannot be cancelled any more; for its caller alone',
    needs: ['admin'],
    needsFunctions: true,
    run: async (session) => {
      const [me, other] = [await session.caller(), await session.newCaller()]
      const { sent, assertEffects } = newWrite(session, 'async')
      const path = stateAt(await make(me, sent, { headers: ASYNC }))
      assertProblem(await other.send({ method: 'DELETE', path }), 404, 'not_found')
      const answer = await me.send({ method: 'DELETE', path })
      if (answer.status !== 200) assertProblem(answer, 409, 'already_started')
      const { state } = await untilFinal(me, path, session.until)
      equal(state, answer.status === 200 ? 'cancelled' : 'done')
      const again = await me.send({ method: 'DELETE', path })
      equal(again.status, answer.status)
      await assertEffects(state === 'done' ? 1 : 0)
    },
  },
  {
    name: 'list: it has the calls of its caller and of nobody else, the newest first',
    needs: ['admin'],
    run: async (session) => {
      const [me, other] = [await session.newCaller(), await session.newCaller()]
      const { sent } = newWrite(session, 'async')
      const first = stateAt(await make(me, sent, { headers: ASYNC }))
      const second = stateAt(await make(me, sent, { headers: ASYNC }))
      deepEqual(await listOf(me, ''), { ids: [idOf(second), idOf(first)], next: undefined })
      deepEqual(await listOf(me, '?limit=1'), { ids: [idOf(second)], next: idOf(second) })
      deepEqual(await listOf(me, `?limit=1&before=${idOf(second)}`), { ids: [idOf(first)], next: undefined })
      deepEqual((await listOf(other, '')).ids, [])
      assertIssues(await me.send({ path: '/v1/invocations?limit=0' }), 'query.limit')
      assertProblem(await session.send({ path: '/v1/invocations' }), 401, 'unauthenticated')
    },
  },
  {
    name: 'events: the state comes as events, and 204 for who has the last one',
    needs: ['key'],
    run: async (session) => {
      const me = await session.caller()
      const path = stateAt(await make(me, newWrite(session, 'async').sent, { headers: ASYNC }))
      const accept = { accept: 'text/event-stream' }
      const events = await me.send({ path, headers: accept })
      assertStatus(events, 200)
      equal(events.headers['content-type'], 'text/event-stream')
      await untilFinal(me, path, session.until)
      assertStatus(await me.send({ path, headers: { ...accept, 'last-event-id': 'end' } }), 204)
    },
  },
  {
    name: 'callback: an address that is none, or not asked for, is refused',
    needs: ['key'],
    run: async (session) => {
      const me = await session.caller()
      const { sent } = newWrite(session, 'async')
      const address = { 'ebb-callback': 'ftp://partner.example/' }
      assertIssues(await make(me, sent, { headers: { ...ASYNC, ...address } }), 'headers.ebb-callback')
      const https = { 'ebb-callback': 'https://partner.example/' }
      assertIssues(await make(me, sent, { headers: https }), 'headers.ebb-callback')
    },
  },
]

const idOf = (path: string) => path.split('/').at(-1)

async function listOf({ send }: Caller, query: string) {
  const answer = await send({ path: `/v1/invocations${query}` })
  assertStatus(answer, 200)
  const { invocations, next } = answer.json<{ invocations: readonly Invocation[]; next?: string }>()
  return { ids: invocations.map(({ id }) => id), next }
}
