import { invalidEvent, type ReceivedCloudEvent, readStructured } from '../../protocol/index.ts'
import { MAX_JSON, parseJson } from '../json.ts'

/** An event's data may have as many levels as a body of its own. */
const MAX_ELEMENT = { ...MAX_JSON, levels: MAX_JSON.levels + 1 }

/**
 * The events of a batch in the JSON format, each to be read by itself: the limits of one body are those of one event, and one that
 * cannot be read leaves the others as they are.
 */
export function readBatch(bytes: Uint8Array = new Uint8Array()): readonly (() => ReceivedCloudEvent)[] {
  const elements = splitArray(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength))
  if (!elements) throw invalidEvent('a batch is an array of events')
  return elements.map((element) => () => {
    const parsed = parseJson(element, MAX_ELEMENT)
    if ('issues' in parsed) throw invalidEvent('it is not JSON', parsed.issues)
    return readStructured(parsed.value)
  })
}

const [OPEN, CLOSE, QUOTE, BACKSLASH] = [0x5b, 0x5d, 0x22, 0x5c]

/** The elements of a JSON array by its brackets, commas and strings; undefined where it is none. What is in them is not looked at. */
function splitArray(bytes: Buffer): readonly Buffer[] | undefined {
  const elements: Buffer[] = []
  let [depth, from] = [0, 0]
  for (let i = 0; i < bytes.length; i++) {
    switch (String.fromCharCode(bytes[i] ?? 0)) {
      case '"':
        i = endOfString(bytes, i)
        break
      case '{':
      case '[':
        if (depth === 0 && !(bytes[i] === OPEN && isBlank(bytes.subarray(0, i)))) return undefined
        if (depth++ === 0) from = i + 1
        break
      case ',':
        if (depth > 1) break
        elements.push(bytes.subarray(from, i))
        from = i + 1
        break
      case '}':
      case ']':
        if (--depth > 0) break
        if (bytes[i] !== CLOSE || !isBlank(bytes.subarray(i + 1))) return undefined
        return elements.length === 0 && isBlank(bytes.subarray(from, i)) ? [] : [...elements, bytes.subarray(from, i)]
    }
  }
  return undefined
}

const isBlank = (bytes: Buffer) => bytes.every((byte) => byte === 32 || byte === 9 || byte === 10 || byte === 13)

/** Where the string that begins there has its last quote. */
function endOfString(bytes: Buffer, start: number): number {
  for (let i = start + 1; i < bytes.length; i++) {
    if (bytes[i] === BACKSLASH) i++
    else if (bytes[i] === QUOTE) return i
  }
  return bytes.length
}
