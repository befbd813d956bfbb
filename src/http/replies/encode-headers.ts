import { type Reply, toOutput, writeHeaderList } from '../../contract/index.ts'
import { containsSecret } from '../../kernel/index.ts'

/** Of the headers of one reply, names and values together: half of what Node's parser accepts in a response. */
const MAX_LENGTH = 8_000
/** What a header's value may be (RFC 9110, 5.5): other characters are refused by some hop, or read as others. */
const FITS = /^[\x21-\x7e]([\t\x20-\x7e]*[\x21-\x7e])?$/

/** Compiles what a handler returns as `headers` to texts, by name. Throws where HTTP cannot carry one. */
export function compileHeaders(schema: NonNullable<Reply['headers']>) {
  const output = toOutput(schema)
  return (given: unknown): Readonly<Record<string, string>> => {
    const written: Record<string, string> = {}
    let length = 0
    for (const [name, value] of Object.entries(output.parse(given ?? {}))) {
      const text = Array.isArray(value) ? writeHeaderList(value) : toText(value)
      // What is absent, an empty text and an empty list are no header.
      if (text === undefined || text === '') continue
      if (!FITS.test(text)) throw new TypeError(`the header ${name} has characters that a header cannot carry`)
      if (containsSecret(text)) throw new TypeError(`the header ${name} holds the value of a secret`)
      written[name] = text
      length += name.length + text.length
    }
    if (length <= MAX_LENGTH) return written
    throw new TypeError(`its headers have ${length} characters, and at most ${MAX_LENGTH}`)
  }
}

const toText = (value: unknown) => (value === undefined || value === null ? undefined : String(value))
