/** Merges three versions of a package.json value by value: lines of it that stand beside each other mean different things. */
export function mergeManifests(base: Buffer | undefined, ours: Buffer, theirs: Buffer, theirName: string) {
  const sentences: string[] = []
  const onConflict = (path: string, mine: unknown, other: unknown) => {
    const [kept, given] = [mine, other].map((value) => (value === undefined ? 'nothing' : JSON.stringify(value)))
    sentences.push(`package.json: ${path} is ${kept} here, and ${theirName} has ${given}: yours stays`)
  }
  const merged = mergeValues(base && JSON.parse(String(base)), JSON.parse(String(ours)), JSON.parse(String(theirs)), {
    ...{ path: '', onConflict },
  })
  return { text: `${JSON.stringify(merged, undefined, 2)}\n`, sentences }
}

interface Place {
  readonly path: string
  onConflict(path: string, mine: unknown, other: unknown): void
}

function mergeValues(base: unknown, ours: unknown, theirs: unknown, { path, onConflict }: Place): unknown {
  if (isEqual(ours, base) || isEqual(ours, theirs)) return theirs
  if (isEqual(theirs, base)) return ours
  if (isMap(ours) && isMap(theirs)) {
    const before = isMap(base) ? base : {}
    // Theirs first: its order is that of the next version, too.
    const names = [...new Set([...Object.keys(theirs), ...Object.keys(ours)])]
    const merged = names.map((name) => {
      const place = { path: path === '' ? name : `${path}.${name}`, onConflict }
      return [name, mergeValues(before[name], ours[name], theirs[name], place)] as const
    })
    return Object.fromEntries(merged.filter(([, value]) => value !== undefined))
  }
  onConflict(path, ours, theirs)
  return ours
}

type JsonMap = Readonly<Record<string, unknown>>
const isMap = (value: unknown): value is JsonMap => typeof value === 'object' && value !== null && !Array.isArray(value)

/** Values of JSON; the order of names in a map does not matter. */
function isEqual(one: unknown, other: unknown): boolean {
  if (Array.isArray(one) && Array.isArray(other)) {
    return one.length === other.length && one.every((value, i) => isEqual(value, other[i]))
  }
  if (!isMap(one) || !isMap(other)) return one === other
  const names = Object.keys(one)
  return names.length === Object.keys(other).length && names.every((name) => isEqual(one[name], other[name]))
}
