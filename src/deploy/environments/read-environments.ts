import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { parseDocument } from 'yaml'
import { ConfigError } from '../../kernel/index.ts'
import { checkEnvironment, type KnownNames } from './check-environment.ts'
import { type Environment, isMap, mergeValues, type Value, type Values } from './environment.ts'

/** Where they stand in a project. */
const ENVIRONMENTS = 'environments'

const MAX_BYTES = 256 * 1024
const MAX_DEPTH = 8
const KEYS = ['extends', 'url', 'settings', 'values']
const NAME = /^[a-z][a-z0-9-]{0,39}$/

/**
 * All environments of a project, by name; none where it has no folder of them. Throws a ConfigError with a sentence for whatever
 * is wrong in any of them: a name that is none, a value that is refused, a secret.
 */
export async function readEnvironments(project: string, known: KnownNames): Promise<ReadonlyMap<string, Environment>> {
  const files = await readFiles(join(project, ENVIRONMENTS))
  const environments = [...files.keys()].map((name) => resolve(name, files))
  const faults = environments.flatMap((environment) => checkEnvironment(environment, known))
  if (faults.length > 0) throw new ConfigError([...new Set(faults)].join('\n'))
  return new Map(environments.map((environment) => [environment.name, environment]))
}

async function readFiles(folder: string): Promise<ReadonlyMap<string, Values>> {
  const names = await readdir(folder).catch((cause) => {
    if (Object(cause).code === 'ENOENT') return []
    throw cause
  })
  const files = names.filter((name) => /\.ya?ml$/.test(name)).sort()
  return new Map(await Promise.all(files.map(async (file) => [nameOf(file), await readValues(folder, file)] as const)))
}

function nameOf(file: string): string {
  const name = file.replace(/\.ya?ml$/, '')
  if (NAME.test(name) && file.endsWith('.yaml')) return name
  throw new ConfigError(`${ENVIRONMENTS}/${file}: call it after its environment, such as staging.yaml`)
}

async function readValues(folder: string, file: string): Promise<Values> {
  const fail = (what: string) => new ConfigError(`${ENVIRONMENTS}/${file}: ${what}`)
  const text = await readFile(join(folder, file), 'utf8')
  if (text.length > MAX_BYTES) throw fail(`it has more than ${MAX_BYTES} characters`)
  const document = parseDocument(text)
  const [error] = document.errors
  if (error) throw fail(error.message.split('\n', 1)[0] ?? '')
  // An alias is a value of its own: a file that grows by them is refused by the parser.
  const values: unknown = document.toJS({ maxAliasCount: 100 }) ?? {}
  if (!isMap(values)) throw fail(`it is a map of ${KEYS.join(', ')}`)
  const unknown = Object.keys(values).find((key) => !KEYS.includes(key))
  if (unknown !== undefined) throw fail(`it has no ${unknown}; there are ${KEYS.join(', ')}`)
  return values
}

/** An environment with what it extends below it. */
function resolve(name: string, files: ReadonlyMap<string, Values>): Environment {
  const { url, settings, values } = inherit(name, files, [])
  const fail = (what: string) => new ConfigError(`${ENVIRONMENTS}/${name}.yaml: ${what}`)
  if (url !== undefined && (typeof url !== 'string' || !/^https?:$/.test(URL.parse(url)?.protocol ?? '')))
    throw fail('`url` is the http:// or https:// address of its gateway')
  if (values !== undefined && !isMap(values)) throw fail('`values` is a map, as the values of the chart are')
  if (settings !== undefined && !isMap(settings)) throw fail('`settings` is a map of parts, such as gateway')
  const parts = Object.entries(settings ?? {}).map(([part, own]) => {
    if (!isMap(own)) throw fail(`settings.${part} is a map of settings by their names`)
    const texts = Object.entries(own).map(([setting, value]) => {
      if (value === null || typeof value === 'object')
        throw fail(`settings.${part}.${setting} is one text, number or boolean`)
      return [setting, String(value)] as const
    })
    return [part, Object.fromEntries(texts)] as const
  })
  return { name, ...(url === undefined ? {} : { url }), settings: Object.fromEntries(parts), values: values ?? {} }
}

function inherit(name: string, files: ReadonlyMap<string, Values>, above: readonly string[]): Values {
  const file = files.get(name)
  const [child = ''] = above.toReversed()
  if (!file) {
    const others = [...files.keys()].filter((other) => !above.includes(other)).join(', ')
    throw new ConfigError(
      `${ENVIRONMENTS}/${child}.yaml: it extends ${name}, which is not there; there are ${others || 'none'}`,
    )
  }
  if (above.includes(name))
    throw new ConfigError(`${ENVIRONMENTS}/${child}.yaml: it extends itself, by ${[...above, name].join(', ')}`)
  if (above.length >= MAX_DEPTH)
    throw new ConfigError(`${ENVIRONMENTS}/${child}.yaml: more than ${MAX_DEPTH} extend each other`)
  const { extends: parent, ...own } = file
  if (parent === undefined) return own
  if (typeof parent !== 'string')
    throw new ConfigError(`${ENVIRONMENTS}/${name}.yaml: \`extends\` names one environment`)
  // Both are maps.
  return mergeValues(inherit(parent, files, [...above, name]), own as Value) as Values
}
