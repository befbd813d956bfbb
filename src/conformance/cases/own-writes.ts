import { assertStatus } from '../assertions.ts'
import { ENTRIES, type Entry, newBatch, writeEntry } from '../entries.ts'
import type { Case } from '../session.ts'

const WRITES = 20

export const ownWrites: readonly Case[] = [
  {
    name: 'own writes: a read shows what its caller has just written, by the position that it brings as a header or a cookie',
    needs: ['key'],
    needsFunctions: true,
    run: async ({ caller }) => {
      const me = await caller()
      for (let i = 0; i < WRITES; i++) {
        const written = await writeEntry(me, newBatch(), { headers: { origin: 'http://localhost:3000' } })
        assertStatus(written, 201)
        const position = String(written.headers['ebb-position'] ?? '')
        const cookie = written.headers['set-cookie']?.find((each) => each.startsWith('ebb-position='))?.split(';', 1)[0]
        // Where there are no replicas, a write says nothing of positions.
        const brought = i % 2 && cookie !== undefined ? { 'ebb-position': '0/0', cookie } : { 'ebb-position': position }
        assertStatus(await me.send({ path: `${ENTRIES}/${written.json<Entry>().id}`, headers: brought }), 200)
      }
    },
  },
]
