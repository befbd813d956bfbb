import type pg from 'pg'
import { createSerializer } from './handler-statements.ts'
import { sendTogether } from './send-together.ts'

type Send<Result> = () => Promise<Result>

/**
 * Sends the statements of one transaction in as few packets as their order allows: one whose answer nobody waits for goes with
 * the next one that somebody waits for. Each packet less is a round trip, a system call and a wake-up of the server less.
 */
export function createPackets(client: pg.ClientBase) {
  const serialize = createSerializer()
  let waiting: Send<unknown>[] = []
  const send = async <Result>(last: Send<Result>): Promise<Result> => {
    if (waiting.length === 0) return last()
    const before = waiting
    waiting = []
    const results = await sendTogether(client, () => [...before.map((one) => one()), last()])
    // The last one is that of `last`.
    return results.at(-1) as Result
  }
  const flush = async () => {
    const last = waiting.pop()
    if (last) await send(last)
  }
  return {
    /** Has it sent, by one call of `query`, before whatever is sent next, which rejects with its error where it fails. */
    defer: (one: Send<unknown>): void => {
      waiting.push(one)
    },
    /** How many wait. */
    waiting: (): number => waiting.length,
    /** Sends this one, after what waits, when those before are answered. */
    send: <Result>(one: Send<Result>): Promise<Result> => serialize(() => send(one)),
    /** Runs what sends more than one, when those before are answered: by `send`, or after `flush`. */
    inTurn: <Result>(work: (packets: { send: typeof send; flush: typeof flush }) => Promise<Result>): Promise<Result> =>
      serialize(() => work({ send, flush })),
    /** Forgets what waits. */
    forget: (): void => {
      waiting = []
    },
  }
}
