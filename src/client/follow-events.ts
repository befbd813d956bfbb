import { isRetryableStatus, retryDelayMs } from '../protocol/retry.ts'
import type { StreamedEvent } from './call.ts'
import { readEvents } from './read-stream.ts'
import { sleep } from './retry.ts'

interface FollowOptions {
  /** The endpoint's name, for messages. */
  readonly name: string
  /** Asks for the events after this one; '' is from the beginning. */
  readonly reopen: (lastEventId: string) => Promise<Response>
  readonly signal: AbortSignal
  /** How many attempts in a row may fail. */
  readonly retries: number
  readonly minDelayMs: number
  readonly maxDelayMs: number
}

const DEFAULT_RETRY_MS = 1_000

/**
 * The events of an endpoint, over as many connections as it takes: where one ends or breaks, the next one asks for what comes
 * after the last event. Ends where the server says that there is nothing more (204); throws where it does not come back.
 */
export async function* followEvents(
  first: Response,
  { name, reopen, signal, retries, ...delays }: FollowOptions,
): AsyncGenerator<StreamedEvent<unknown>> {
  let response = first
  let lastEventId = ''
  let retryMs = DEFAULT_RETRY_MS
  while (response.status === 200 && response.body) {
    try {
      for await (const message of readEvents(response.body)) {
        if ('retryMs' in message) retryMs = message.retryMs
        else {
          if (message.lastId !== '') lastEventId = message.lastId
          yield message.event
        }
      }
    } catch (error) {
      // A connection that broke is as one that has ended; what is not JSON stays so.
      if (signal.aborted || error instanceof SyntaxError) throw error
    }
    response = await comeBack()
  }

  async function comeBack(): Promise<Response> {
    for (let failures = 0; ; failures++) {
      await sleep(retryMs + (failures === 0 ? 0 : retryDelayMs(failures, toBackOff(delays))), signal)
      signal.throwIfAborted()
      const next = await reopen(lastEventId).catch((cause: unknown) => {
        signal.throwIfAborted()
        if (failures >= retries) throw new Error(`${name} could not be reached again`, { cause })
        return undefined
      })
      if (!next) continue
      if (next.status === 200 || next.status === 204) return next
      await next.body?.cancel()
      if (failures >= retries || !isRetryableStatus(next.status))
        throw new Error(`${name} does not go on: it answered ${next.status}`)
    }
  }
}

const toBackOff = ({ minDelayMs, maxDelayMs }: Pick<FollowOptions, 'minDelayMs' | 'maxDelayMs'>) => ({
  ...{ initialMs: minDelayMs, maxMs: maxDelayMs, retryAfterMs: 0, random: Math.random },
})
