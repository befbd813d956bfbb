import type { ServerResponse } from 'node:http'
import { freePassedBytes } from '../../kernel/index.ts'
import type { Deadline } from '../deadline.ts'
import type { EncodeItem } from './encode-item.ts'
import type { Source } from './source.ts'

interface SendOptions {
  readonly encode: EncodeItem
  readonly deadline: Deadline
  /** Called before the first byte, with which the caller gets the status. */
  readonly start: () => void
  /** Called after the last item, before the end is sent; what it throws makes the response break off. */
  readonly finish: () => void
}

/**
 * Sends what a handler streams, no faster than the caller reads. The status is sent with the first item, so that what fails
 * before is an error like any other; what fails later breaks the response off.
 */
export async function sendChunks(
  response: ServerResponse,
  source: Source,
  { encode, deadline, start, finish }: SendOptions,
): Promise<void> {
  const write = createWriter(response)
  let next = await source.next()
  let isStarted = false
  while (!next.done) {
    deadline.signal.throwIfAborted()
    deadline.progress()
    const chunk = encode(next.value)
    if (!isStarted) start()
    isStarted = true
    if (!write(chunk)) await whenDrained(response)
    freePassedBytes(chunk.length)
    deadline.progress()
    next = await source.next()
  }
  deadline.signal.throwIfAborted()
  finish()
  if (!isStarted) start()
  write('', { flush: true })
  response.end()
}

/** Up to this many characters are sent together. */
const BATCH_LENGTH = 16 * 1024

/** Writes texts together that come in one turn of the event loop: each packet costs more than what it carries. */
function createWriter(response: ServerResponse) {
  let text = ''
  let scheduled = false
  const flush = (): boolean => {
    scheduled = false
    const batch = text
    text = ''
    return batch === '' || response.destroyed ? !response.writableNeedDrain : response.write(batch)
  }
  return function write(chunk: string | Uint8Array, { flush: now = false } = {}): boolean {
    if (typeof chunk !== 'string') {
      flush()
      return response.write(chunk)
    }
    text += chunk
    if (now || text.length >= BATCH_LENGTH) return flush()
    if (!scheduled) setImmediate(flush)
    scheduled = true
    return !response.writableNeedDrain
  }
}

/** Resolves when the caller has read, or has gone. */
export function whenDrained(response: ServerResponse): Promise<void> {
  if (response.destroyed) return Promise.resolve()
  return new Promise((resolve) => {
    const done = () => {
      response.off('drain', done).off('close', done)
      resolve()
    }
    response.on('drain', done).on('close', done)
  })
}
