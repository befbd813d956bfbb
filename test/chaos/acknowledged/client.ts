import { setTimeout as delay } from 'node:timers/promises'
import type { Ledger, LedgerLine } from './ledger.ts'

const TRY_MS = 15_000
const PAUSE_MS = 100
const MAX_TRIES = 300
/** Says nothing about what was done: the same request is sent again, with the same key. */
const AGAIN = new Set([409, 429, 502, 503, 504])

export interface Invocation {
  readonly state: string
  readonly result?: { readonly status: number; readonly body: { readonly id?: string } }
}

export type Client = ReturnType<typeof createClient>

/** A careful caller: it sends a request with one key until it is acknowledged, and has that in its ledger before it goes on. */
export function createClient({ url, apiKey, ledger }: { url: string; apiKey: string; ledger: Ledger }) {
  const unexpected: LedgerLine[] = []
  const authorised = { 'x-api-key': apiKey }

  const post = async (name: string, mode: LedgerLine['mode']) => {
    const headers = {
      ...{ ...authorised, 'content-type': 'application/json', 'idempotency-key': name, 'x-correlation-id': name },
      ...(mode === 'later' ? { prefer: 'respond-async' } : {}),
    }
    const response = await fetch(`${url}/v1/entries`, {
      ...{ method: 'POST', headers, body: JSON.stringify({ name }), signal: AbortSignal.timeout(TRY_MS) },
    })
    const text = await response.text()
    const { status } = response
    if (status === 201) return { status, id: String(JSON.parse(text).id) }
    if (status === 202) return { status, location: response.headers.get('location') ?? '' }
    return { status, why: text.slice(0, 300) }
  }

  /** Sends it once; resolves to what to write of it. */
  const send = async (name: string, mode: LedgerLine['mode']): Promise<Omit<LedgerLine, 'at'>> => {
    await ledger.write({ name, mode, what: 'sent' })
    try {
      const answer = await post(name, mode)
      return { name, mode, what: 'why' in answer ? 'refused' : 'acknowledged', ...answer }
    } catch (error) {
      return { name, mode, what: 'unanswered', why: reasonOf(error) }
    }
  }

  return {
    /** Answers that no failure around a function explains. */
    unexpected: unexpected as readonly LedgerLine[],
    untilAcknowledged: async (name: string, mode: LedgerLine['mode'], signal: AbortSignal): Promise<void> => {
      while (!signal.aborted) {
        const line = await send(name, mode)
        await ledger.write(line)
        if (line.what === 'acknowledged') return
        if (line.status && !AGAIN.has(line.status)) unexpected.push({ at: new Date().toISOString(), ...line })
        await delay(PAUSE_MS)
      }
    },
    /** Sends an acknowledged request once more: its answer has to be the one that it had. */
    repeat: (name: string, mode: LedgerLine['mode']): Promise<boolean> =>
      untilDone(async () => {
        const line = await send(name, mode)
        const isAnswered = line.what === 'acknowledged'
        await ledger.write(isAnswered ? { ...line, what: 'replayed' } : line)
        return isAnswered || undefined
      }, name),
    stateAt: (location: string): Promise<Invocation> =>
      untilDone(async () => {
        const response = await fetch(new URL(location, url), {
          ...{ headers: authorised, signal: AbortSignal.timeout(TRY_MS) },
        })
        return response.ok ? ((await response.json()) as Invocation) : void (await response.text())
      }, location),
  }
}

/** Tries until there is a result: on a busy machine an answer may come too late, although nothing is disturbed any more. */
async function untilDone<Result>(work: () => Promise<Result | undefined>, what: string): Promise<Result> {
  for (let tries = 0; tries < MAX_TRIES; tries++) {
    const result = await work().catch(() => undefined)
    if (result !== undefined) return result
    await delay(PAUSE_MS)
  }
  throw new Error(`${what} was not answered in ${MAX_TRIES} tries`)
}

const reasonOf = (error: unknown) => {
  const { message, cause } = error as Error
  return cause instanceof Error ? `${message}: ${cause.message}` : message
}
