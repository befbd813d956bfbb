/** Bytes from `first` to `last`, both included. */
export interface ByteRange {
  readonly first: number
  readonly last: number
}

/** More than these are answered with the whole response: many small ones cost more than they spare (RFC 9110, 17.15). */
const MAX_RANGES = 16

/**
 * The ranges that a request asks for of so many bytes (RFC 9110, 14.1.2), as it names them: none where not one of them can be
 * satisfied (416); undefined where Range is to be ignored, since it is malformed, in another unit, or of more bytes than there are.
 */
export function parseRange(text: string, length: number): readonly ByteRange[] | undefined {
  if (!UNIT.test(text)) return undefined
  const specs = text.slice(text.indexOf('=') + 1).split(',')
  const ranges: ByteRange[] = []
  let count = 0
  for (const spec of specs) {
    const trimmed = spec.trim()
    if (trimmed === '') continue
    if (++count > MAX_RANGES) return undefined
    const found = SPEC.exec(trimmed)
    if (!found) return undefined
    const [, from = '', to = ''] = found
    if (from === '' && to === '') return undefined
    if (from !== '' && to !== '' && Number(to) < Number(from)) return undefined
    const first = from === '' ? Math.max(0, length - Number(to)) : Number(from)
    const last = from === '' || to === '' ? length - 1 : Math.min(Number(to), length - 1)
    if (first <= last && !(from === '' && Number(to) === 0)) ranges.push({ first, last })
  }
  if (count === 0) return undefined
  const bytes = ranges.reduce((sum, { first, last }) => sum + last - first + 1, 0)
  return ranges.length > 1 && bytes > length ? undefined : ranges
}

const UNIT = /^bytes=/i
const SPEC = /^([0-9]{0,15})-([0-9]{0,15})$/

export const formatContentRange = ({ first, last }: ByteRange, length: number): string =>
  `bytes ${first}-${last}/${length}`

/** Several ranges as one body (RFC 9110, 14.6). */
export function writeMultipart(
  body: Uint8Array,
  ranges: readonly ByteRange[],
  { boundary, type }: { readonly boundary: string; readonly type: string | undefined },
): Uint8Array {
  const parts = ranges.flatMap((range, i) => {
    const lines = [`${i === 0 ? '' : '\r\n'}--${boundary}`, ...(type === undefined ? [] : [`content-type: ${type}`])]
    const head = [...lines, `content-range: ${formatContentRange(range, body.length)}`, '', ''].join('\r\n')
    return [Buffer.from(head, 'latin1'), body.subarray(range.first, range.last + 1)]
  })
  return Buffer.concat([...parts, Buffer.from(`\r\n--${boundary}--\r\n`, 'latin1')])
}
