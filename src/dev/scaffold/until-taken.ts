import { setTimeout as delay } from 'node:timers/promises'
import { readAnnouncement } from '../admin/client.ts'
import { answers } from '../invoke/store-urls.ts'

export type Taken = 'taken' | 'late' | 'nobody'

const LIMIT_MS = 30_000
const LOOK_MS = 50

/** Waits until the Ebb that runs here has a function, or has it no more: `late` where it does not get there, and `nobody` where none runs. */
export async function untilTaken(root: string, name: string, { isThere }: { isThere: boolean }): Promise<Taken> {
  const giveUpAt = Date.now() + LIMIT_MS
  const look = () => readAnnouncement(root).catch(() => undefined)
  const first = await look()
  // One that was killed has left its announcement behind.
  if (!first || !(await answers(first.url))) return 'nobody'
  for (let now: typeof first | undefined = first; now; now = await look()) {
    if (now.functions.includes(name) === isThere) return 'taken'
    if (Date.now() > giveUpAt) return 'late'
    await delay(LOOK_MS)
  }
  return 'nobody'
}
