import type { Readable } from 'node:stream'
import { createItemValidator, type StreamedItems, type ValidationIssue } from '../../contract/index.ts'
import { freePassedBytes } from '../../kernel/index.ts'
import { NOT_UTF8 } from '../json.ts'
import { invalidRequest } from '../request-problems.ts'
import { parseLine } from './parse-line.ts'

/** Takes a body apart into the values of its lines, one at a time. */
export type ReadItems = (body: Readable) => AsyncIterator<unknown>

interface ItemsOptions {
  readonly item: Parameters<typeof createItemValidator>[0]
  /** The longest line. */
  readonly maxItemBytes: number
}

/** A line that has come, or what stands in the place of one that is not UTF-8, or longer than it may be. */
type Line = string | typeof NO_TEXT | typeof TOO_LONG
const NO_TEXT = Symbol('no text')
const TOO_LONG = Symbol('too long')

const LF = 10
/** What an item takes until it is stored (texts, objects, promises) is so many times its line. */
const BYTES_FOR_ONE = 24
/** More bytes than a character of a text has in UTF-8. */
const MAX_CHARACTER_BYTES = 3

/**
 * Compiles how the lines of a body are read (NDJSON): no more than one chunk of it is in memory, and each line is parsed and
 * validated when its item is asked for. Empty lines count, and are no items. Throws a Problem 400 that names the line.
 */
export function createItemReader({ item, maxItemBytes }: ItemsOptions): ReadItems {
  const validate = createItemValidator(item)
  const parse = (line: Line, number: number): unknown => {
    if (line === TOO_LONG || (line !== NO_TEXT && isTooLong(line, maxItemBytes))) throw tooLong(number, maxItemBytes)
    const parsed = line === NO_TEXT ? NOT_UTF8 : parseLine(line)
    if ('issues' in parsed) throw invalidLine(number, parsed.issues)
    const validated = validate(parsed.value, 'body')
    if ('issues' in validated) throw invalidLine(number, validated.issues)
    return validated.value
  }

  return function readItems(body) {
    const chunks = body[Symbol.asyncIterator]() as AsyncIterator<Buffer>
    const rest = createRest(maxItemBytes)
    let lines: readonly Line[] = []
    let [at, number, ended] = [0, 0, false]
    /** The next item of the lines that have come. */
    const take = (): IteratorResult<unknown> | undefined => {
      while (at < lines.length) {
        const line = lines[at++] ?? ''
        number++
        if (line === NO_TEXT || line === TOO_LONG || !isBlank(line)) return { done: false, value: parse(line, number) }
      }
      return undefined
    }
    const addChunk = (chunk: Buffer) => {
      freePassedBytes(BYTES_FOR_ONE * chunk.length)
      const end = chunk.lastIndexOf(LF)
      lines = end < 0 ? [] : decodeLines(rest.finish(chunk.subarray(0, end)))
      if (!rest.add(chunk.subarray(end + 1))) lines = [...lines, TOO_LONG]
      at = 0
    }
    const next = async (): Promise<IteratorResult<unknown>> => {
      for (;;) {
        const found = take()
        if (found) return found
        if (ended) return { done: true, value: undefined }
        const read = await chunks.next()
        ended = read.done === true
        // The last line may have no end of its own.
        addChunk(read.done ? END_OF_LINE : read.value)
      }
    }
    return {
      // What is in hand costs no turn of the event loop, nor a function that is async.
      next: () => {
        try {
          const found = take()
          return found ? Promise.resolve(found) : next()
        } catch (error) {
          return Promise.reject(error)
        }
      },
      return: async () => {
        body.destroy()
        return { done: true, value: undefined }
      },
    }
  }
}

/** The items of a body, to be read once. */
export function toStreamedItems(
  body: Readable,
  read: ReadItems,
  about: Pick<StreamedItems<unknown>, 'type' | 'announcedBytes'>,
): StreamedItems<unknown> {
  return {
    ...about,
    [Symbol.asyncIterator]: () => {
      if (body.readableDidRead) throw new TypeError('the items of a body are read once, as they come')
      return read(body)
    },
  }
}

const END_OF_LINE = Buffer.from('\n')
const isTooLong = (text: string, maxBytes: number) =>
  text.length * MAX_CHARACTER_BYTES > maxBytes && Buffer.byteLength(text) > maxBytes

const decoder = /* @__PURE__ */ new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

function decodeLines(bytes: Buffer): readonly Line[] {
  try {
    return decoder.decode(bytes).split('\n')
  } catch {
    const lines: Line[] = []
    for (let [at, end] = [0, 0]; at <= bytes.length; at = end + 1) {
      end = bytes.indexOf(LF, at)
      if (end < 0) end = bytes.length
      lines.push(decodeLine(bytes.subarray(at, end)))
    }
    return lines
  }
}

function decodeLine(bytes: Buffer): Line {
  try {
    return decoder.decode(bytes)
  } catch {
    return NO_TEXT
  }
}

/** What has come of a line that is not whole: of many chunks, each of which may be one byte. */
function createRest(maxBytes: number) {
  let held = Buffer.alloc(0)
  let length = 0
  return {
    /** Adds what is not its end; returns false where it is too long already. */
    add: (part: Uint8Array): boolean => {
      const needed = length + part.length
      if (needed > maxBytes) return false
      if (needed > held.length) held = Buffer.concat([held.subarray(0, length)], Math.max(needed, 2 * held.length))
      held.set(part, length)
      length = needed
      return true
    },
    /** Returns it with what follows it, and is empty. */
    finish: (part: Buffer): Buffer => {
      if (length === 0) return part
      const whole = Buffer.concat([held.subarray(0, length), part])
      length = 0
      return whole
    },
  }
}

const isBlank = (text: string) => text === '' || (text.length <= 2 && text.trim() === '')

const tooLong = (number: number, maxBytes: number) =>
  invalidLine(number, [{ path: 'body', message: `Longer than ${maxBytes} bytes` }])

/** Names the line, by which a person finds it in a file. */
const invalidLine = (number: number, issues: readonly ValidationIssue[]) =>
  invalidRequest(
    issues.map(({ path, message }) => ({
      path: path.replace(/^body/, `body.${number}`),
      message: `Line ${number}: ${message}`,
    })),
  )
