import { equal, ok } from 'node:assert/strict'
import { assertIssues, assertProblem, assertReplay, assertRetryAfter, assertStatus } from '../assertions.ts'
import { BATCHES, holdBatch, holdOf, newBatch, newKey, writeEntry } from '../entries.ts'
import type { Case } from '../session.ts'
import { assertMade, locationOf, make, newWrite } from '../writes.ts'

export const idempotency: readonly Case[] = [
  {
    name: 'idempotency: the same request under the same key gets the same bytes, says so, and has no second effect',
    needs: ['key'],
    run: async (session) => {
      const [me, key] = [await session.caller(), newKey()]
      const { subject, sent, assertEffects } = newWrite(session)
      const first = await make(me, sent, { key })
      assertMade(first, subject)
      equal(first.headers['idempotency-replayed'], undefined)
      equal(first.headers.location, locationOf(subject, first))
      assertReplay(await make(me, sent, { key }), first)
      assertReplay(await make(me, sent, { key }), first)
      await assertEffects(1)
    },
  },
  {
    name: 'idempotency: 422 for another request under the same key, which stays good for the first',
    needs: ['key'],
    run: async (session) => {
      const [me, key] = [await session.caller(), newKey()]
      const { subject, sent, other, assertEffects } = newWrite(session)
      const another = other()
      const first = await make(me, sent, { key })
      assertMade(first, subject)
      assertProblem(await make(me, another, { key }), 422, 'idempotency_mismatch')
      assertReplay(await make(me, sent, { key }), first)
      await assertEffects(1)
    },
  },
  {
    name: 'idempotency: a failure that the contract declares is replayed as well',
    needs: ['key'],
    needsFunctions: true,
    run: async ({ caller }) => {
      const [me, key] = [await caller(), newKey()]
      const full = newBatch('FULL')
      const first = await writeEntry(me, full, { key })
      assertProblem(first, 409, 'batch_full')
      assertReplay(await writeEntry(me, full, { key }), first)
    },
  },
  {
    name: 'idempotency: of many at once under one key, one has an effect; the others get its reply, or a 409',
    needs: ['key'],
    run: async (session) => {
      const [me, key] = [await session.caller(), newKey()]
      const { subject, sent, assertEffects } = newWrite(session)
      const answers = await Promise.all(Array.from({ length: 10 }, () => make(me, sent, { key })))
      const isRefused = ({ status, text }: (typeof answers)[number]) => status === 409 && text.includes('"in_progress"')
      const made = answers.filter((answer) => !isRefused(answer))
      for (const answer of made) assertMade(answer, subject)
      equal(new Set(made.map(({ text }) => text)).size, 1, 'not exactly one reply was made')
      equal(made.filter(({ headers }) => headers['idempotency-replayed'] === undefined).length, 1)
      for (const answer of answers.filter(isRefused)) {
        assertProblem(answer, 409, 'in_progress')
        assertRetryAfter(answer)
      }
      await assertEffects(1)
    },
  },
  {
    name: 'idempotency: 409 at once with Retry-After while the first is under way, its answer afterwards',
    needs: ['key'],
    needsFunctions: true,
    holds: true,
    run: async (session) => {
      const [me, key] = [await session.caller(), newKey()]
      const batch = newBatch()
      const release = await holdBatch(session, me, batch)
      const twins = [writeEntry(me, batch, { key }), writeEntry(me, batch, { key })]
      try {
        const second = await Promise.race(twins)
        assertProblem(second, 409, 'in_progress')
        assertRetryAfter(second)
      } finally {
        await release()
      }
      const first = (await Promise.all(twins)).find(({ status }) => status !== 409)
      ok(first, 'both were refused')
      assertStatus(first, 201)
      assertReplay(await writeEntry(me, batch, { key }), first)
    },
  },
  {
    name: 'idempotency: a key is one of its caller and its endpoint, and a refused request does not use it up',
    needs: ['admin'],
    needsFunctions: true,
    run: async ({ caller, newCaller }) => {
      const [me, other, key] = [await caller(), await newCaller(), newKey()]
      const batch = newBatch()
      assertIssues(await writeEntry(me, batch, { key, quantity: 0 }), 'body.quantity')
      const headers = { 'idempotency-key': key }
      const held = await me.send({ method: 'POST', path: BATCHES, json: holdOf(batch), headers })
      for (const answer of [held, await writeEntry(me, batch, { key }), await writeEntry(other, batch, { key })]) {
        assertStatus(answer, 201)
        equal(answer.headers['idempotency-replayed'], undefined)
      }
    },
  },
  {
    name: 'idempotency: 400 without a key where the contract asks for one, and for one that is ill-formed',
    needs: ['key'],
    run: async (session) => {
      const { send } = await session.caller()
      const { sent } = newWrite(session)
      for (const key of [undefined, '', 'x'.repeat(256)]) {
        const headers = { ...sent.headers, ...(key === undefined ? {} : { 'idempotency-key': key }) }
        assertIssues(await send({ ...sent, headers }), 'headers.idempotency-key')
      }
    },
  },
]
