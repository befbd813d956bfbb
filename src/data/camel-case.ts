const camelNames = new Map<string, string>()

/** A row with its columns in camelCase. */
export function toCamelCase<Row extends object>(row: Record<string, unknown>): Row {
  // The caller names the shape that its own statement selects.
  return Object.fromEntries(Object.entries(row).map(([name, value]) => [camelName(name), value])) as Row
}

/** An underscore at the start stays, and so does one between digits: `line_1_2` is not `line_12`. */
export function camelName(name: string): string {
  const known = camelNames.get(name)
  if (known !== undefined) return known
  const camel = name.replaceAll(/(?<!^|_)_([a-z]|(?<!\d_)\d)/g, (_, letter: string) => letter.toUpperCase())
  camelNames.set(name, camel)
  return camel
}
