import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import { CHART, describeChart, parseYaml, refusal, type Values } from './helm.ts'

/** What the schema describes once for many. */
const IN_REFS = ['resources', 'storage', 'serviceAccount', 'podDisruptionBudget']

interface Schema {
  readonly $ref?: string
  readonly type?: string
  readonly description?: string
  readonly properties?: Readonly<Record<string, Schema>>
  readonly additionalProperties?: boolean | Schema
  readonly items?: Schema
  readonly $defs?: Readonly<Record<string, Schema>>
}

const readChart = (file: string) => readFileSync(join(CHART, file), 'utf8')
const schema: Schema = JSON.parse(readChart('values.schema.json'))
const defaults = parseYaml(readChart('values.yaml')) as Values

const resolve = ({ $ref, ...own }: Schema): Schema => ({ ...schema.$defs?.[$ref?.split('/').at(-1) ?? ''], ...own })

/** Every value that there is, with the path that leads to it; `*` is any name, and the first of a list. */
function walk(node: Schema, path: readonly string[] = []): readonly (readonly [readonly string[], Schema])[] {
  const { properties = {}, additionalProperties, items, type, ...own } = resolve(node)
  const children = Object.entries(properties).flatMap(([name, child]) => walk(child, [...path, name]))
  const any = [additionalProperties, items].filter(
    (child) => child instanceof Object && ('properties' in child || child.$ref),
  )
  const below = any.flatMap((child) => walk(child as Schema, [...path, type === 'array' ? '0' : '*']))
  return [
    [
      path,
      {
        ...own,
        ...(type ? { type } : {}),
        properties,
        ...(additionalProperties === undefined ? {} : { additionalProperties }),
      },
    ],
    ...children,
    ...below,
  ]
}

const everyValue = walk(schema)

/** `{ a: { b: value } }`; a `0` makes a list. */
const nest = (path: readonly string[], value: unknown): unknown =>
  path.reduceRight((inner, name) => (name === '0' ? [inner] : { [name === '*' ? 'place-order' : name]: inner }), value)

it('every value has a sentence that says what it is', () => {
  const without = everyValue.filter(
    ([path, { description = '' }]) => !['*', '0'].includes(path.at(-1) ?? '') && !/^[A-Z].*\.$/.test(description),
  )
  expect(without.map(([path]) => path.join('.'))).toEqual([])
})

/** What each part takes besides what values.yaml shows of it: there it stands once, for all. */
const OF_ALL = Object.keys(schema.$defs ?? {}).filter((name) => schema.properties?.[name]?.$ref === `#/$defs/${name}`)
const AMOUNTS = ['cpu', 'memory', 'ephemeral-storage']

it('every value has a default, but those of functions, which their contracts have', () => {
  const at = (path: readonly string[]) => path.reduce<unknown>((inner, name) => Object(inner)[name], defaults)
  const leaves = everyValue.filter(
    ([path, { properties }]) => path.length > 0 && Object.keys(properties ?? {}).length === 0,
  )
  const missing = leaves.map(([path]) => path).filter((path) => at(path) === undefined)
  const ofParts = missing.filter((path) => path.length > 1 && [...OF_ALL, ...AMOUNTS].includes(path.at(-1) ?? ''))
  const others = missing.filter((path) => !ofParts.includes(path))
  expect(others.map(String).filter((path) => !/^(allFunctions|functions|global|upstreams)\b|,0\b/.test(path))).toEqual(
    [],
  )
  expect(OF_ALL).toContain('nodeSelector')
})

it('values.yaml says of each value what the schema says', () => {
  const comments = commentsOf(readChart('values.yaml'))
  const sentences = everyValue.filter(([path]) => comments.has(path.join('.')))
  expect(sentences.length).toBeGreaterThan(100)
  expect([...comments.keys()]).toEqual(expect.arrayContaining(Object.keys(defaults)))
  const schemas = sentences.map(([path, { description }]) => [path.join('.'), description])
  expect(sentences.map(([path]) => [path.join('.'), comments.get(path.join('.'))])).toEqual(schemas)
})

/** The comment right above each key that has its line to itself, by its path; inside what is named by $ref there are none. */
function commentsOf(text: string): ReadonlyMap<string, string> {
  const comments = new Map<string, string>()
  let [path, comment]: [readonly { indent: number; name: string }[], readonly string[]] = [[], []]
  for (const line of text.split('\n')) {
    const [, words] = /^ *# (.*)/.exec(line) ?? []
    const [, indent = '', name] = /^( *)([\w-]+):/.exec(line) ?? []
    if (name) {
      path = [...path.filter((above) => above.indent < indent.length), { indent: indent.length, name }]
      const inside = path.some((above, i) => i < path.length - 1 && IN_REFS.includes(above.name))
      if (!inside) comments.set(path.map((one) => one.name).join('.'), comment.join(' '))
    }
    comment = words === undefined ? [] : [...comment, words]
  }
  return comments
}

describeChart('a value', () => {
  const objects = everyValue.filter(([, { additionalProperties }]) => additionalProperties === false)

  it('that is misspelt is refused with its name, wherever it stands', async () => {
    expect(objects.length).toBeGreaterThan(30)
    for (const [path] of objects) {
      const message = await refusal(nest([...path, 'mispelt'], 1) as Values)
      expect([path.join('.'), message]).toEqual([path.join('.'), expect.stringContaining("'mispelt' not allowed")])
    }
  })

  it.each<[string, Values, string]>([
    ['of the wrong kind', { gateway: { replicas: 'two' } }, "'/gateway/replicas': got string, want integer"],
    ['that is none of those that there are', { engine: 'knativ' }, "'auto', 'knative', 'kubernetes'"],
    ['that is a role and more', { postgres: { app: { role: 'a; drop' } } }, 'postgres/app/role'],
  ])('%s is refused', async (_what, values, message) => expect(await refusal(values)).toContain(message))
})
