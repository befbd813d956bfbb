import { untilTrue } from '../../support/until.ts'
import { type Caller, newBatch, newCaller, writeEntry } from '../callers.ts'
import type { Check } from '../context.ts'
import { eventsAbout, untilDelivered } from '../events.ts'
import { isReady } from '../kubectl.ts'

const PER_SECOND = 20
const WELL_MS = 3_000
const LIMIT_MS = 180_000

interface Answer {
  readonly at: number
  readonly status: number
  readonly retryAfter: string | null
  readonly text: string
}

/** The database's pod is deleted: 503 with Retry-After meanwhile, then well again by itself, and every 201 was meant. */
export const postgresDeleted: Check = {
  name: 'Postgres pod deleted',
  run: async (context) => {
    const { kubectl } = context
    const caller = await newCaller(context)
    const batch = newBatch()
    const answers: Answer[] = []
    const open = new Set<Promise<unknown>>()
    const timer = setInterval(() => {
      const write = writeOnce(caller, batch).then((answer) => answers.push(answer))
      open.add(write.finally(() => open.delete(write)))
    }, 1_000 / PER_SECOND)
    const statusesSince = (at: number) => answers.filter((answer) => answer.at > at).map(({ status }) => status)
    let [deletedAt, wellAt] = [0, 0]
    try {
      await untilTrue(() => answers.some(({ status }) => status === 201), { limitMs: 60_000, what: 'a first entry' })
      const [pod] = await kubectl.podsOf('postgres')
      deletedAt = Date.now()
      await kubectl.text(['delete', 'pod', pod?.metadata.name ?? '', '--wait=false'])
      const isNew = async () => {
        const [now] = await kubectl.podsOf('postgres')
        return now !== undefined && now.metadata.uid !== pod?.metadata.uid && isReady(now)
      }
      await untilTrue(isNew, { limitMs: LIMIT_MS, what: 'a new Postgres pod' })
      const isWell = () => {
        const late = statusesSince(Date.now() - WELL_MS)
        return late.length >= PER_SECOND && late.every((status) => status === 201)
      }
      await untilTrue(isWell, { limitMs: LIMIT_MS, what: 'entries as before' })
      wellAt = Date.now() - WELL_MS
    } finally {
      clearInterval(timer)
      await Promise.allSettled(open)
    }
    const refused = answers.filter(({ status }) => status !== 201)
    const counts = countsOf(refused)
    const bad = refused.filter(({ status, retryAfter }) => status !== 503 || !retryAfter)
    const acknowledged = answers.filter(({ status }) => status === 201).map(({ text }) => JSON.parse(text).id)
    const lost = acknowledged.length - (await eventsAbout(context, 'conformance.written', acknowledged)).length
    const figures = `${acknowledged.length} entries acknowledged, ${lost} lost; meanwhile ${counts || 'none refused'}; well again ${((wellAt - deletedAt) / 1_000).toFixed(0)} s after`
    if (lost !== 0) throw new Error(figures)
    await untilDelivered(context, acknowledged)
    if (bad.length > 0)
      throw new Error(`${figures}; not as it should be: ${bad.length}, such as ${JSON.stringify(bad[0])}`)
    if (refused.length === 0) throw new Error(`${figures}: no request noticed, so nothing was tested`)
    return `${figures}; all delivered`
  },
}

async function writeOnce(caller: Caller, batch: string): Promise<Answer> {
  const at = Date.now()
  try {
    const response = await writeEntry(caller, batch)
    return { at, status: response.status, retryAfter: response.headers.get('retry-after'), text: await response.text() }
  } catch (error) {
    return { at, status: 0, retryAfter: null, text: String(error) }
  }
}

function countsOf(answers: readonly Answer[]): string {
  const counts = new Map<string, number>()
  for (const { status, retryAfter, text } of answers) {
    const what = `${status} ${/"error":"([^"]+)"/.exec(text)?.[1] ?? text.slice(0, 60)}${retryAfter ? '' : ' without Retry-After'}`
    counts.set(what, (counts.get(what) ?? 0) + 1)
  }
  return [...counts].map(([what, count]) => `${count} × ${what}`).join(', ')
}
