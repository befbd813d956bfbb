import { writeJson } from './values/write-json.ts'
import { refuseUnsendable, type Statement } from './values/write-parameters.ts'

const FRAGMENT = Symbol('ebb.sql.fragment')

/** A part of a statement with its values: only `sql` makes one, and nothing that was read from JSON can pass for it. */
export interface Fragment {
  readonly [FRAGMENT]: { readonly text: readonly string[]; readonly values: readonly unknown[] }
}

/** What a statement is made of. */
export interface Fragments {
  /**
   * A part of a statement, to be put into others.
   * @example
   * const inStock = sql.fragment`stock > ${0}`
   * await sql`select * from products where ${inStock}`
   */
  fragment(text: TemplateStringsArray, ...values: readonly unknown[]): Fragment
  /**
   * Parts one after the other, such as the conditions that a request asks for.
   * @example await sql`select * from products where ${sql.join(conditions, sql.fragment` and `)}`
   */
  join(parts: readonly Fragment[], separator: Fragment): Fragment
  /**
   * A name that is known only now: quoted, and never taken for anything else. With two it is one in a schema or a table.
   * @example await sql`select * from products order by ${sql.identifier('price')}`
   */
  identifier(...names: readonly [string, ...string[]]): Fragment
  /**
   * A value as jsonb, whatever it is: an array is a JSON array, a string a JSON string.
   * @example await sql`insert into carts (lines) values (${sql.json([{ sku, quantity }])})`
   */
  json(value: unknown): Fragment
}

const make = (text: readonly string[], values: readonly unknown[] = []): Fragment =>
  Object.freeze({ [FRAGMENT]: { text, values } })

const MAX_NAME_BYTES = 63

export const fragments: Fragments = {
  fragment: (text, ...values) => make(text, values),
  join: (parts, separator) => {
    const between = parts.slice(1).flatMap((part) => [separator, part])
    const values = [...parts.slice(0, 1), ...between]
    return make(Array(values.length + 1).fill(''), values)
  },
  identifier: (...names) => {
    for (const name of names) {
      // Postgres would cut a longer one, and find another thing by what is left.
      const fits = name !== '' && !name.includes('\0') && Buffer.byteLength(name) <= MAX_NAME_BYTES
      if (!fits) throw new TypeError(`${JSON.stringify(name)} is no name that Postgres can have: 1 to 63 bytes`)
    }
    return make([names.map((name) => `"${name.replaceAll('"', '""')}"`).join('.')])
  },
  json: (value) => make(['', '::text::jsonb'], [writeJson(value)]),
}

/** The text of a statement and its parameters, all fragments in their places. Throws a ValueFault for what no type takes. */
export function render(text: readonly string[], values: readonly unknown[]): Statement {
  const parameters: unknown[] = []
  const write = (parts: readonly string[], given: readonly unknown[]): string =>
    parts.reduce((written, part, i) => `${written}${place(given[i - 1])}${part}`)
  const place = (value: unknown): string => {
    const fragment = (value as Partial<Fragment> | null | undefined)?.[FRAGMENT]
    if (fragment) return write(fragment.text, fragment.values)
    parameters.push(value)
    return `$${parameters.length}`
  }
  const statement = { text: write(text, values), values: parameters }
  refuseUnsendable(statement)
  return statement
}
