import type { StreamSource } from './call.ts'

/** What is sent as the body of a request, with its media type; '' where `fetch` knows it. */
export interface SentBody {
  readonly body: NonNullable<RequestInit['body']>
  readonly contentType: string
  /** Whether it is read while it is sent, and so only once. */
  readonly isOnce: boolean
}

/** A body that a contract says is streamed. Throws a TypeError where its media type is not known. */
export function toStreamedBody(
  name: string,
  source: StreamSource,
  { types, contentType }: { readonly types: readonly string[]; readonly contentType: string | undefined },
): SentBody {
  const [only = ''] = types.length === 1 && !types[0]?.endsWith('*') ? types : []
  const type = contentType ?? ((source instanceof Blob && source.type) || only)
  if (type === '') throw new TypeError(`${name} takes several media types; say with contentType which one the body has`)
  if (source instanceof ReadableStream) return { body: source, contentType: type, isOnce: true }
  const isIterable = typeof source === 'object' && Symbol.asyncIterator in source
  return isIterable
    ? { body: toReadableStream(source), contentType: type, isOnce: true }
    : { body: source, contentType: type, isOnce: false }
}

/** Not by ReadableStream.from, which not every browser has. */
function toReadableStream(source: AsyncIterable<Uint8Array>): ReadableStream<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]()
  return new ReadableStream<Uint8Array>({
    pull: async (controller) => {
      const { done, value } = await iterator.next()
      if (done) controller.close()
      else controller.enqueue(value)
    },
    cancel: async () => void (await iterator.return?.()),
  })
}

/** A form: texts as they would stand in a query, and files. */
export function toFormBody({ fields = {}, files = {} }: FormValues): SentBody {
  const form = new FormData()
  for (const [name, value] of Object.entries(fields))
    for (const one of [value].flat()) if (one !== undefined && one !== null) form.append(name, String(one))
  for (const [name, file] of Object.entries(files)) if (file) form.append(name, file)
  return { body: form, contentType: '', isOnce: false }
}

interface FormValues {
  readonly fields?: Readonly<Record<string, unknown>>
  readonly files?: Readonly<Record<string, Blob | undefined>>
}
