import type { IncomingMessage } from 'node:http'
import { Readable } from 'node:stream'
import { Problem } from '../../contract/index.ts'
import { freePassedBytes } from '../../kernel/index.ts'
import { bodyTooLarge } from '../request-problems.ts'

interface BodyStreamOptions {
  readonly maxBytes: number
  /** For the whole body. */
  readonly maxMs: number
  /** The lowest average rate, after a grace period, of the time in which the caller is waited for; default: none. */
  readonly minRate?: { readonly bytesPerSecond: number; readonly graceMs: number }
  /** Called before the first byte is asked for. */
  readonly onStart?: () => void
  /** Called with each chunk that has been asked for and has come. */
  readonly onChunk?: (chunk: Buffer) => void
}

/** How much is read ahead of whoever takes it. */
const READ_AHEAD_BYTES = 64 * 1024

/**
 * The body of a request as a stream of its own: nothing is read before it is asked for, and no faster than it is taken. It
 * fails with a Problem where the body is too large or too slow, or breaks off: it never looks whole by mistake.
 */
export function openBodyStream(
  request: IncomingMessage,
  { maxBytes, maxMs, minRate, onStart, onChunk }: BodyStreamOptions,
): Readable {
  const wait = createWait(minRate)
  let bytes = 0
  let started = false
  const onData = (chunk: Buffer) => {
    wait.end()
    bytes += chunk.length
    if (bytes > maxBytes) return void body.destroy(bodyTooLarge(maxBytes))
    onChunk?.(chunk)
    freePassedBytes(chunk.length)
    if (body.push(chunk)) wait.begin()
    else request.pause()
  }
  const onEnd = () => void body.push(null)
  const onBroken = () => void (request.complete || body.destroy(brokenOff()))
  const checkRate = () => {
    const leftMs = wait.leftMs(bytes)
    if (leftMs <= 0) body.destroy(tooSlow())
    // What has come in fast has earned more time than the body may take, and more than a timer can wait.
    else rateTimer = setTimeout(checkRate, Math.min(leftMs, maxMs))
  }
  const start = () => {
    started = true
    onStart?.()
    request.on('data', onData).on('end', onEnd).on('error', onBroken).on('close', onBroken)
    if (minRate) rateTimer = setTimeout(checkRate, minRate.graceMs)
  }
  let rateTimer: NodeJS.Timeout | undefined
  const timer = setTimeout(() => body.destroy(tooSlow()), maxMs)
  const body = new Readable({
    highWaterMark: READ_AHEAD_BYTES,
    read() {
      if (request.destroyed && !request.complete) return void body.destroy(brokenOff())
      if (!started) start()
      wait.begin()
      request.resume()
    },
    destroy(error, callback) {
      clearTimeout(timer)
      clearTimeout(rateTimer)
      request.off('data', onData).off('end', onEnd).off('close', onBroken).pause()
      callback(error)
    },
  })
  return body
}

const brokenOff = () => new Problem('caller_gone', 499, 'The body broke off.')

const tooSlow = () =>
  new Problem('request_timeout', 408, 'The body arrived too slowly.', { headers: { connection: 'close' } })

/** Measures how long the caller is waited for: the time in which nobody takes its bytes is not its own. */
function createWait(minRate: BodyStreamOptions['minRate']) {
  let waitedMs = 0
  let since: number | undefined
  const total = () => waitedMs + (since === undefined ? 0 : performance.now() - since)
  return {
    begin: () => {
      since ??= performance.now()
    },
    end: () => {
      waitedMs = total()
      since = undefined
    },
    /** Until it would be too slow; at least a moment where nobody waits for it. */
    leftMs: (bytes: number): number => {
      if (!minRate) return Number.POSITIVE_INFINITY
      const leftMs = minRate.graceMs + (bytes / minRate.bytesPerSecond) * 1_000 - total()
      return since === undefined ? Math.max(leftMs, minRate.graceMs) : Math.ceil(leftMs)
    },
  }
}
