import { deepEqual, ok } from 'node:assert/strict'
import { setTimeout as delay } from 'node:timers/promises'
import type { ConformanceResponse } from '../client.ts'
import { assertEntries, newBatch, writeEntry } from '../entries.ts'
import type { Case } from '../session.ts'

const AT_ONCE = 4
/** A roll-out may take minutes, and each entry leads to two events. */
const PAUSE_MS = 20
const NAME = 'conformance-write'

export const drain: readonly Case[] = [
  {
    name: 'drain: while the instances of a function are replaced, every request is answered, and none is lost or doubled',
    needs: ['key', 'restartFunction'],
    needsFunctions: true,
    run: async (session) => {
      const me = await session.caller()
      const batch = newBatch()
      const answers: ConformanceResponse[] = []
      const over = new AbortController()
      const writer = async () => {
        while (!over.signal.aborted) {
          answers.push(await writeEntry(me, batch))
          await delay(PAUSE_MS)
        }
      }
      const writers = Promise.all(Array.from({ length: AT_ONCE }, writer))
      try {
        await Promise.race([session.target.restartFunction?.(NAME), writers])
        // By the new ones.
        answers.push(await writeEntry(me, batch))
      } finally {
        over.abort()
      }
      await writers
      ok(answers.length > AT_ONCE, `only ${answers.length} requests were made meanwhile`)
      const failed = answers.filter(({ status }) => status !== 201)
      deepEqual(
        failed.map(({ status, text }) => `${status} ${text.slice(0, 200)}`),
        [],
      )
      await assertEntries(session, batch, answers.length)
    },
  },
]
