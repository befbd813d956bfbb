import pg from 'pg'

/** What is sent for a value: Postgres' own text format of it, or the bytes of a bytea. */
export type WireValue = string | Buffer

/** How the values of one type of Postgres are read and written. Both throw a ValueError where a value would change. */
export interface ValueType {
  readonly name: string
  /** What `write` accepts, as the end of a sentence that begins with "takes". */
  readonly accepts: string
  /** Whether an array is one value of the type, as in JSON, and no array of values. */
  readonly holdsArrays?: boolean
  /** Reads Postgres' text format. Never called for NULL. */
  readonly read: (text: string) => unknown
  /** Returns undefined for a value that the type does not accept. */
  readonly write: (value: unknown) => WireValue | undefined
}

/** A type that is read and written as Postgres' own text. */
export const textType = (name: string): ValueType => ({
  name,
  accepts: 'a string',
  read: String,
  write: (value) => (typeof value === 'string' ? value : undefined),
})

/** A value that cannot go into the database, or come out of it, as it is. The message says what to write instead. */
export class ValueError extends TypeError {
  override readonly name = 'ValueError'
}

/** Arrays of a type, of any number of dimensions: each element as its scalar is. */
export function arrayType(element: ValueType, delimiter = ','): ValueType {
  const name = `${element.name}[]`

  function literalOf(items: readonly unknown[], isNested: boolean): string {
    if (isNested && items.length === 0) throw new ValueError('an array in which an array is empty')
    const [first] = items
    const dimension = Array.isArray(first) ? first.length : undefined
    // Array.from visits holes, which map skips.
    const written = Array.from(items, (item) => {
      if (item === null) {
        if (dimension === undefined) return 'NULL'
      } else if (Array.isArray(item)) {
        if (element.holdsArrays) throw new ValueError(`an array of arrays: write array[\${sql.json(…)}, …]`)
        if (item.length === dimension) return literalOf(item, true)
      } else if (dimension === undefined) return quoteElement(elementText(item))
      throw new ValueError('an array whose elements are not all of one length')
    })
    return `{${written.join(delimiter)}}`
  }

  function elementText(item: unknown): string {
    const sent = item === undefined ? undefined : element.write(item)
    if (sent === undefined) throw new ValueError(`an array with an element that is not a valid ${element.name}`)
    return typeof sent === 'string' ? sent : `\\x${sent.toString('hex')}`
  }

  return {
    name,
    accepts: `an array, each element null or ${element.accepts}, or a string`,
    read: (text) => {
      if (text.startsWith('['))
        throw new ValueError('arrays with a custom lower bound are not supported; select it as text')
      if (delimiter !== ',') return text
      return parseArray(text, element.read)
    },
    write: (value) => {
      if (typeof value === 'string') return value
      return Array.isArray(value) ? literalOf(value, false) : undefined
    },
  }
}

/** Null elements are null; `read` is called for the others only. */
function parseArray(text: string, read: (text: string) => unknown): unknown[] {
  // pg's types say that it is a function, which it is not.
  const { create } = pg.types.arrayParser as unknown as {
    readonly create: (text: string, read: (text: string) => unknown) => { readonly parse: () => unknown[] }
  }
  return create(text, read).parse()
}

const quoteElement = (text: string) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`
