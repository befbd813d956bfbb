import { equal, ok } from 'node:assert/strict'
import { assertProblem, assertStatus } from '../assertions.ts'
import { WRITE_TIMEOUT_MS } from '../conformance-contracts.ts'
import { assertEntries, holdBatch, newBatch, newKey, writeEntry } from '../entries.ts'
import type { Case } from '../session.ts'
import { untilTrue } from '../until-true.ts'

/** The way there and back, and what a busy machine needs to undo what was begun. */
const SLACK_MS = 4_000

export const deadlines: readonly Case[] = [
  {
    name: "deadlines: 504 when the contract's time is over; nothing is left of the request, and its key is free",
    needs: ['key'],
    needsFunctions: true,
    holds: true,
    run: async (session) => {
      const [me, key] = [await session.caller(), newKey()]
      const batch = newBatch()
      const release = await holdBatch(session, me, batch)
      const holding = async () => {
        // From here on its function runs, and the time is all its own.
        assertStatus(await writeEntry(me, newBatch()), 201)
        const beganAt = performance.now()
        return { late: await writeEntry(me, batch, { key }), tookMs: performance.now() - beganAt }
      }
      const { late, tookMs } = await holding().finally(release)
      assertProblem(late, 504, 'deadline_exceeded')
      const isInTime = tookMs > WRITE_TIMEOUT_MS / 2 && tookMs < WRITE_TIMEOUT_MS + SLACK_MS
      ok(isInTime, `${WRITE_TIMEOUT_MS} ms took ${Math.round(tookMs)} ms`)
      // What was begun may be undone after the answer.
      let again = await writeEntry(me, batch, { key })
      const isFree = async () => {
        if (again.status === 409) again = await writeEntry(me, batch, { key })
        return again.status !== 409
      }
      await untilTrue(isFree, { limitMs: SLACK_MS, what: 'the end of what is too late' })
      assertStatus(again, 201)
      equal(again.headers['idempotency-replayed'], undefined)
      await assertEntries(session, batch, 1)
    },
  },
  {
    name: 'deadlines: a caller who hangs up ends the work: its key is free at once, and nothing was done',
    needs: ['key', 'hangUps'],
    needsFunctions: true,
    holds: true,
    run: async (session) => {
      const [me, key] = [await session.caller(), newKey()]
      const [batch, other] = [newBatch(), newBatch()]
      const release = await holdBatch(session, me, batch)
      const hangUp = new AbortController()
      const twins = [1, 2].map(() => writeEntry(me, batch, { key, signal: hangUp.signal }))
      try {
        // One of them is refused because the other one is at work.
        assertProblem(await Promise.race(twins), 409, 'in_progress')
        hangUp.abort()
        const isFree = async () => (await writeEntry(me, other, { key })).status === 201
        await untilTrue(isFree, { limitMs: WRITE_TIMEOUT_MS / 2, what: 'the end of what no caller waits for' })
      } finally {
        hangUp.abort()
        await Promise.allSettled(twins)
        await release()
      }
      await assertEntries(session, batch, 0)
    },
  },
  {
    name: 'deadlines: a request whose caller hung up and asks again under its key has one effect',
    needs: ['key'],
    needsFunctions: true,
    run: async (session) => {
      const [me, key] = [await session.caller(), newKey()]
      const batch = newBatch()
      // The first one may have to wait for its function.
      assertStatus(await writeEntry(me, batch), 201)
      const beganAt = performance.now()
      assertStatus(await writeEntry(me, batch), 201)
      const usualMs = performance.now() - beganAt
      for (const part of [0.3, 0.6, 0.8, 0.9, 1, 1.2, 3]) {
        const signal = AbortSignal.timeout(Math.ceil(usualMs * part))
        await writeEntry(me, batch, { key, signal }).catch(() => undefined)
      }
      await session.until(
        async () => (await writeEntry(me, batch, { key })).status === 201,
        'an answer to the last request',
      )
      await assertEntries(session, batch, 3)
    },
  },
]
