import { findSimilar, isSecretSetting, isSecretText, SETTINGS, type Setting } from '../../kernel/index.ts'
import { type Environment, isMap, SERVICE_PARTS, type Value } from './environment.ts'

/** What an environment may name. */
export interface KnownNames {
  readonly functions: readonly string[]
  /** What contracts name in `secrets`. */
  readonly secrets: readonly string[]
  /** What the chart has against values; a sentence each. */
  readonly checkValues: (values: Value) => readonly string[]
}

/** A sentence for each thing that is wrong with an environment. */
export function checkEnvironment(environment: Environment, known: KnownNames): readonly string[] {
  const { name, settings, values } = environment
  const faults = [
    ...Object.entries(settings).flatMap(([part, own]) => [
      ...checkPart(part, known),
      ...Object.entries(own).flatMap(([setting, value]) => checkSetting(`settings.${part}`, setting, value, known)),
    ]),
    ...known.checkValues(values).map((fault) => `values.${fault}`),
    ...findSecrets('values', values, known),
  ]
  return faults.map((fault) => `environments/${name}.yaml: ${fault}`)
}

function checkPart(part: string, { functions }: KnownNames): readonly string[] {
  const parts = [...SERVICE_PARTS, 'migrate', 'functions', ...functions]
  if (parts.includes(part)) return []
  return [`settings.${part}: there is no such part${suggest(part, parts)}`]
}

function checkSetting(at: string, name: string, value: string, known: KnownNames): readonly string[] {
  if (isSecret(name, value, known)) return [`${at}.${name} is a secret: ${INSTEAD}`]
  const [schema] = (SETTINGS as Readonly<Record<string, Setting>>)[name] ?? []
  if (!schema) {
    // The exporters themselves read further ones.
    if (name.startsWith('OTEL_')) return []
    return [`${at}: there is no setting ${name}${suggest(name, Object.keys(SETTINGS))}`]
  }
  return (schema().safeParse(value).error?.issues ?? []).map(({ message }) => `${at}.${name}: ${message}`)
}

/** Secrets in the values of the chart, which name Secrets and hold none. */
function findSecrets(at: string, value: Value, known: KnownNames, name = ''): readonly string[] {
  if (Array.isArray(value)) return value.flatMap((item, i) => findSecrets(`${at}[${i}]`, item, known))
  if (isMap(value)) {
    const { name: variable, value: given } = value
    // As Kubernetes has variables.
    if (typeof variable === 'string' && typeof given === 'string' && isSecret(variable, given, known))
      return [`${at} sets ${variable}, which is a secret: ${INSTEAD}`]
    return Object.entries(value).flatMap(([key, part]) => findSecrets(`${at}.${key}`, part, known, key))
  }
  return typeof value === 'string' && value !== '' && isSecret(name, value, known)
    ? [`${at} is a secret: ${INSTEAD}`]
    : []
}

const INSTEAD = 'put it into a Secret, and name that in `values` (existingSecret)'

/** By its name or by its shape. `NAME_FILE` says only where it is. */
const isSecret = (name: string, value: string, { secrets }: KnownNames) =>
  isSecretSetting(name) || secrets.includes(name) || isSecretText(value)

function suggest(name: string, names: readonly string[]): string {
  const similar = findSimilar(name, names)
  return similar === undefined ? '' : `; did you mean ${similar}?`
}
