/**
 * How a response is delivered incrementally: in the format of graphql-js 17, or in the one before it, which clients of Apollo ask
 * for by their `Defer20220824Handler`. Each is called as the media type's parameter that says it.
 */
export type IncrementalFormat = 'incrementalSpec=v0.2' | 'deferSpec=20220824'

/** The format in which a caller takes a response in parts, by its `Accept`; undefined where it takes it as a whole only. */
export function acceptedFormat(accept = ''): IncrementalFormat | undefined {
  let format: IncrementalFormat | undefined
  for (const range of accept.toLowerCase().split(',')) {
    const [type, ...rest] = range.split(';').map((part) => part.trim().replaceAll('"', ''))
    const parameters = new Map(rest.map((part) => part.split('=', 2) as [string, string | undefined]))
    if (type !== 'multipart/mixed' || Number(parameters.get('q') ?? 1) === 0) continue
    const defer = parameters.get('deferspec')
    const version = parameters.get('incrementalspec')
    // Where none is named, it is the current one.
    if (defer === undefined && (version === undefined || version === 'v0.2')) return 'incrementalSpec=v0.2'
    if (defer === '20220824') format = 'deferSpec=20220824'
  }
  return format
}
