import pg from 'pg'
import { ValueFault } from './value-fault.ts'
import type { ValueType } from './value-type.ts'

/** Arrays of a type, of any number of dimensions: each element as its scalar would be. */
export function arrayType(element: ValueType, delimiter = ','): ValueType {
  const name = `${element.name}[]`

  function literalOf(items: readonly unknown[], isNested: boolean): string {
    if (isNested && items.length === 0) throw new ValueFault('an array in which an array is empty')
    const [first] = items
    const dimension = Array.isArray(first) ? first.length : undefined
    // An index, since holes are skipped otherwise.
    const written = Array.from(items, (item) => {
      if (item === null) {
        if (dimension === undefined) return 'NULL'
      } else if (Array.isArray(item)) {
        if (element.holdsArrays) throw new ValueFault(`an array of arrays: write array[\${sql.json(…)}, …]`)
        if (item.length === dimension) return literalOf(item, true)
      } else if (dimension === undefined) return quote(elementText(item))
      throw new ValueFault('an array whose elements are not all of one length')
    })
    return `{${written.join(delimiter)}}`
  }

  function elementText(item: unknown): string {
    const sent = item === undefined ? undefined : element.write(item)
    if (sent === undefined) throw new ValueFault(`an array with an element that is no value of ${element.name}`)
    return typeof sent === 'string' ? sent : `\\x${sent.toString('hex')}`
  }

  return {
    name,
    takes: `an array, each element null or ${element.takes}, or a string`,
    read: (text) => {
      if (text.startsWith('['))
        throw new ValueFault(
          'an array of JavaScript begins at 0, one of Postgres at 1, and this one elsewhere; select it as text',
        )
      if (delimiter !== ',') return text
      return parse(text, element.read)
    },
    write: (value) => {
      if (typeof value === 'string') return value
      return Array.isArray(value) ? literalOf(value, false) : undefined
    },
  }
}

/** Null elements are null, whatever `read` makes of others. */
function parse(text: string, read: (text: string) => unknown): unknown[] {
  // Its types say that it is a function, which it is not.
  const { create } = pg.types.arrayParser as unknown as {
    readonly create: (text: string, read: (text: string) => unknown) => { readonly parse: () => unknown[] }
  }
  return create(text, read).parse()
}

const quote = (text: string) => `"${text.replaceAll(/["\\]/g, '\\$&')}"`
