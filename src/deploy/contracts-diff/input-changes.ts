import { toPattern } from '../../contract/index.ts'
import type { EndpointData } from '../contracts-data.ts'
import type { JsonSchema } from '../json-schema.ts'
import { breaks, type Change, note } from './finding.ts'
import type { Comparison, Misfit } from './misfit.ts'
import { misfits } from './misfits.ts'
import { nodeOf } from './node.ts'
import { sentences, toSenders } from './say.ts'

/** What could be sent before and cannot any more. */
export function inputChanges(before: EndpointData, after: EndpointData): readonly Change[] {
  const { query = EMPTY, headers = EMPTY } = before
  return [
    ...paramChanges(before, after),
    ...sentences(compare('query', query, after.query ?? EMPTY, { text: true }), toSenders, 'callers'),
    ...sentences(compare('headers', headers, open(after.headers ?? EMPTY), { text: true }), toSenders, 'callers'),
    ...bodyChanges(before, after),
  ]
}

const EMPTY: JsonSchema = { type: 'object', properties: {}, additionalProperties: false }

/** Headers that a contract does not name are nobody's fault. */
const open = ({ additionalProperties: _closed, ...rest }: JsonSchema): JsonSchema => rest

const compare = (path: string, from: JsonSchema, to: JsonSchema, how: Comparison = {}): readonly Misfit[] =>
  misfits([nodeOf(from)], [nodeOf(to)], { ...how, path })

function bodyChanges(before: EndpointData, after: EndpointData): readonly Change[] {
  if (!after.body) return before.body ? [breaks('callers', 'body is refused now')] : []
  const missing = after.bodyRequired && !before.bodyRequired ? [breaks('callers', 'body is required now')] : []
  if (!before.body) return missing
  return [...missing, ...sentences(compare('body', before.body, after.body), toSenders, 'callers')]
}

/** Parameters are what stands at their place in the path, whatever they are called. */
function paramChanges(before: EndpointData, after: EndpointData): readonly Change[] {
  if (shapeOf(before) !== shapeOf(after)) return []
  const [olds, news] = [before, after].map(({ route }) => toPattern(route.path).names)
  return (olds ?? []).flatMap((old, i): readonly Change[] => {
    const name = news?.[i] ?? old
    const [from, to] = [before.params?.properties?.[old], after.params?.properties?.[name]]
    const renamed = name === old ? [] : [note(`params.${old} is called ${name} now, and typed clients must follow`)]
    if (!from || !to || !before.params || !after.params) return renamed
    const [sub, sup] = [
      { schema: from, document: before.params },
      { schema: to, document: after.params },
    ]
    return [
      ...renamed,
      ...sentences(misfits([sub], [sup], { path: `params.${name}`, text: true }), toSenders, 'callers'),
    ]
  })
}

/** The same for all paths that match alike. */
export const shapeOf = ({ route }: Pick<EndpointData, 'route'>): string => route.path.replaceAll(/\{\w+\}/g, '{}')
