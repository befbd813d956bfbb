import { Readable } from 'node:stream'

/** What a handler streams, item by item. */
export interface Source {
  readonly next: () => Promise<IteratorResult<unknown>>
  /** Tells the handler that nobody takes any more; does not wait for it. */
  readonly close: () => void
}

/** Opens what a handler has returned: an async iterable, a Readable of Node or a ReadableStream. Throws where it is none. */
export function openSource(output: unknown): Source {
  if (output instanceof Readable) return openReadable(output)
  // A pending read of a web stream would hold up the iterator's `return`.
  if (isWebStream(output)) return openReadable(Readable.fromWeb(output))
  const iterator = (output as Partial<AsyncIterable<unknown>> | undefined)?.[Symbol.asyncIterator]?.()
  if (!iterator) throw new Error("the handler returned no async iterable, which the contract's `reply.stream` needs")
  return {
    next: () => iterator.next(),
    close: () => void iterator.return?.().catch(() => {}),
  }
}

function openReadable(stream: Readable): Source {
  // One that comes after its end has nobody else to go to, and would end the process.
  stream.on('error', () => {})
  const iterator = stream[Symbol.asyncIterator]()
  return { next: () => iterator.next(), close: () => void stream.destroy() }
}

type WebStream = Parameters<typeof Readable.fromWeb>[0]

const isWebStream = (output: unknown): output is WebStream =>
  typeof Object(output).getReader === 'function' && typeof Object(output).cancel === 'function'
