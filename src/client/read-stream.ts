import type { StreamedEvent } from './call.ts'

/** The values of a body of NDJSON, one a line, read no faster than they are taken. Throws where it breaks off. */
export async function* readItems(body: ReadableStream<Uint8Array>): AsyncGenerator<unknown> {
  for await (const line of readLines(body, '\n')) if (line !== '') yield JSON.parse(line)
}

/** What a stream of events says to its reader. */
export type EventMessage =
  | { readonly event: StreamedEvent<unknown>; readonly lastId: string }
  | { readonly retryMs: number }

/**
 * The events of one connection.
 * @see https://html.spec.whatwg.org/multipage/server-sent-events.html#event-stream-interpretation
 */
export async function* readEvents(body: ReadableStream<Uint8Array>): AsyncGenerator<EventMessage> {
  let [id, lastId]: [string | undefined, string] = [undefined, '']
  let event = ''
  let data: string[] = []
  for await (const line of readLines(body, /\r\n|\n|\r(?!$)/)) {
    if (line === '') {
      if (id !== undefined) lastId = id
      const named = { ...(id === undefined ? {} : { id }), ...(event === '' ? {} : { event }) }
      if (data.length > 0) yield { event: { ...named, data: JSON.parse(data.join('\n')) }, lastId }
      ;[id, event, data] = [undefined, '', []]
      continue
    }
    const colon = line.indexOf(':')
    const name = colon < 0 ? line : line.slice(0, colon)
    const value = colon < 0 ? '' : line.slice(colon + 1).replace(/^ /, '')
    if (name === 'data') data.push(value)
    else if (name === 'event') event = value
    else if (name === 'id' && !value.includes('\0')) id = value
    else if (name === 'retry' && /^\d+$/.test(value)) yield { retryMs: Number(value) }
  }
}

/** Not by the iterator of ReadableStream, which not every browser has. */
async function* readLines(body: ReadableStream<Uint8Array>, lineEnd: string | RegExp): AsyncGenerator<string> {
  const reader = body.getReader()
  const decoder = new TextDecoder()
  let text = ''
  try {
    for (;;) {
      const { done, value } = await reader.read()
      text += decoder.decode(value, { stream: !done })
      const lines = text.split(lineEnd)
      text = lines.pop() ?? ''
      yield* lines
      if (!done) continue
      if (text !== '') yield text
      return
    }
  } finally {
    await reader.cancel().catch(() => {})
  }
}
