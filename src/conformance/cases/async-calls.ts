import { deepEqual, equal, ok } from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { failureStatuses, replyOf } from '../../contract/index.ts'
import { assertIssues, assertProblem, assertReplay, assertStatus } from '../assertions.ts'
import {
  assertEntries,
  BATCHES,
  ENTRIES,
  type Entry,
  holdBatch,
  holdOf,
  newBatch,
  newKey,
  writeEntry,
} from '../entries.ts'
import { ASYNC, type Invocation, stateAt, stateOf, untilFinal } from '../invocations.ts'
import type { Case } from '../session.ts'
import type { Subject } from '../subjects.ts'
import { make, newWrite } from '../writes.ts'

export const asyncCalls: readonly Case[] = [
  {
    name: '202: with Location and Preference-Applied, and at that address the state, at last with the result',
    needs: ['key'],
    run: async (session) => {
      const me = await session.caller()
      const { subject, sent, assertEffects } = newWrite(session, 'async')
      const accepted = await make(me, sent, { headers: ASYNC })
      const path = stateAt(accepted)
      equal(accepted.headers['preference-applied'], 'respond-async')
      const invocation = await untilFinal(me, path, session.until)
      const { state, result, attempts, id } = invocation
      equal(path, `/v1/invocations/${id}`)
      ok(attempts >= 1)
      assertEndsAsDeclared(invocation, subject)
      if (!subject.isConformance) return
      // The reply of conformance-write.
      const entry = result?.body as Entry
      deepEqual([state, result?.status, entry.batch], ['done', 201, Object(sent.json).batch])
      equal(result?.headers.location, `${ENTRIES}/${entry.id}`)
      await assertEffects(1)
    },
  },
  {
    name: '202: the same key gets the same 202, and has one effect',
    needs: ['key'],
    run: async (session) => {
      const [me, key] = [await session.caller(), newKey()]
      const { sent, other, assertEffects } = newWrite(session, 'async')
      const another = other()
      const first = await make(me, sent, { key, headers: ASYNC })
      assertReplay(await make(me, sent, { key, headers: ASYNC }), first)
      assertProblem(await make(me, another, { key, headers: ASYNC }), 422, 'idempotency_mismatch')
      await untilFinal(me, stateAt(first), session.until)
      assertReplay(await make(me, sent, { key, headers: ASYNC }), first)
      await assertEffects(1)
    },
  },
  {
    name: '202: a failure that the contract declares is the end, with the correlation id of who asked',
    needs: ['key'],
    needsFunctions: true,
    run: async ({ caller, until }) => {
      const [me, correlationId] = [await caller(), `conformance.${randomUUID()}`]
      const headers = { ...ASYNC, 'x-correlation-id': correlationId }
      const path = stateAt(await writeEntry(me, newBatch('NONE'), { headers }))
      const { state, attempts, problem } = await untilFinal(me, path, until)
      deepEqual([state, attempts, problem?.status, problem?.error], ['failed', 1, 404, 'batch_not_found'])
      equal(problem?.correlationId, correlationId)
    },
  },
  {
    name: '202: 404 for everybody but who asked, and for an id that is none; 401 without a key',
    needs: ['admin'],
    run: async (session) => {
      const [me, other] = [await session.caller(), await session.newCaller()]
      const path = stateAt(await make(me, newWrite(session, 'async').sent, { headers: ASYNC }))
      assertStatus(await me.send({ path }), 200)
      const unknown = await me.send({ path: `/v1/invocations/${randomUUID()}` })
      const foreign = await other.send({ path })
      const [a, b] = [assertProblem(unknown, 404, 'not_found'), assertProblem(foreign, 404, 'not_found')]
      equal(a.message, b.message, 'another caller`s call looks different from none')
      assertProblem(await me.send({ path: '/v1/invocations/none' }), 404, 'not_found')
      assertProblem(await session.send({ path }), 401, 'unauthenticated')
    },
  },
  {
    name: '202: what is bad is refused at once, and where the contract does not offer it, the answer is waited for',
    needs: ['key'],
    needsFunctions: true,
    run: async ({ caller }) => {
      const me = await caller()
      assertIssues(await writeEntry(me, newBatch(), { quantity: 0, headers: ASYNC }), 'body.quantity')
      const headers = { ...ASYNC, 'idempotency-key': newKey() }
      assertStatus(await me.send({ method: 'POST', path: BATCHES, json: holdOf(newBatch()), headers }), 201)
      assertStatus(await writeEntry(me, newBatch(), { headers: { prefer: 'wait=10' } }), 201)
    },
  },
  {
    name: 'retries: a call that is not waited for is made again until it succeeds, and has one effect',
    needs: ['key'],
    needsFunctions: true,
    holds: true,
    run: async (session) => {
      const me = await session.caller()
      const batch = newBatch()
      const release = await holdBatch(session, me, batch)
      const path = stateAt(await writeEntry(me, batch, { headers: ASYNC }))
      const failedOnce = async () => {
        const { state, attempts } = await stateOf(me, path)
        return state === 'waiting' && attempts > 0
      }
      await session.until(failedOnce, 'a first attempt that fails').finally(release)
      const { state, attempts } = await untilFinal(me, path, session.until)
      equal(state, 'done')
      ok(attempts > 1, `it is done after ${attempts} attempt(s)`)
      await assertEntries(session, batch, 1)
    },
  },
]

/** Expects the end of a call of a project's own function, which may refuse its example. */
function assertEndsAsDeclared({ state, result, problem }: Invocation, { contract }: Subject) {
  if (state === 'done') ok(replyOf(contract, result?.status ?? 0), `it ends with ${result?.status}`)
  else equal(failureStatuses(contract)[problem?.error ?? ''], problem?.status, `it ends as ${JSON.stringify(problem)}`)
}
