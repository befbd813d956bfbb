import { readFileSync } from 'node:fs'
import * as z from 'zod'
import { SETTINGS, type Setting } from '../../src/kernel/settings.ts'

const SOURCE = 'src/kernel/settings.ts'
const settings: Readonly<Record<string, Setting>> = SETTINGS

/** docs/reference/settings.md: each setting with its values, its default and its doc comment. */
export function settingsPage(): string {
  const comments = commentsByName(readFileSync(SOURCE, 'utf8'))
  const [theirs, ours] = [true, false].map((isTheirs) =>
    Object.keys(settings).filter((name) => name.startsWith('OTEL_') === isTheirs),
  )
  const row = (name: string) =>
    `| \`${name}\` | ${valuesOf(name)} | ${defaultOf(name)} | ${settings[name]?.[2] ? 'yes' : ''} | ${comments[name] ?? ''} |`
  return `# Settings

Every setting that any part of Ebb reads, from its environment; this page is written from [\`${SOURCE}\`](../../${SOURCE}) by
\`npm test -- test/docs -u\`. Each may instead be in a file that \`NAME_FILE\` names; one that may change at run time is read again when its
file changes ([secrets](../guide/24-secrets.md)); any other is read at the start. On the laptop they may be in \`.env\`, or in the file that
\`EBB_ENV_FILE\` names; on a cluster the chart and \`k8s/\` set what is needed. A setting that is wrong ends the process at its start.

| setting | values | default | at run time | what it does |
| --- | --- | --- | --- | --- |
${(ours ?? []).map(row).join('\n')}

## OpenTelemetry

These mean what [OpenTelemetry's specification](https://opentelemetry.io/docs/specs/otel/configuration/sdk-environment-variables/) says; the
exporters themselves read the other \`OTEL_EXPORTER_OTLP_*\` variables, for endpoint, headers and certificates. On the laptop spans stay there
until an endpoint is set ([traces](../guide/51-traces.md)).

| setting | values | default |
| --- | --- | --- |
${(theirs ?? []).map((name) => `| \`${name}\` | ${valuesOf(name)} | ${defaultOf(name)} |`).join('\n')}
`
}

/** Each setting's doc comment, as one line. */
export function commentsByName(source: string): Readonly<Record<string, string>> {
  const found = source.matchAll(/\/\*\*((?:(?!\*\/)[\s\S])*)\*\/\s*([A-Z][A-Z0-9_]+): \[/g)
  return Object.fromEntries(
    [...found].map(([, comment = '', name = '']) => [name, comment.replaceAll(/\s*\n\s*\* ?/g, ' ').trim()]),
  )
}

/** The settings of Ebb's own, which have to say what they do. */
export const ownSettings = (): readonly string[] => Object.keys(settings).filter((name) => !name.startsWith('OTEL_'))

interface ValueSchema {
  readonly type?: string
  readonly format?: string
  readonly enum?: readonly string[]
  readonly minimum?: number
  readonly maximum?: number
  readonly exclusiveMinimum?: number
  readonly minLength?: number
}

/** What a setting may be, in a few words. */
function valuesOf(name: string): string {
  const schema = settings[name]?.[0]() ?? z.string()
  // A JSON schema has these parts, where it has them.
  const described = z.toJSONSchema(schema, { unrepresentable: 'any', io: 'output' }) as ValueSchema
  if (described.enum) return described.enum.map((word) => `\`${word}\``).join(', ')
  if (described.type === 'boolean') return '`true`, `false`'
  if (described.type === 'integer' || described.type === 'number') return describeNumber(described)
  if (described.format === 'uri') return 'a URL'
  return 'text'
}

function describeNumber({ type, minimum, maximum, exclusiveMinimum }: ValueSchema): string {
  const what = type === 'integer' ? 'whole number' : 'number'
  const least = minimum ?? (exclusiveMinimum === undefined ? undefined : exclusiveMinimum + 1)
  const most = maximum === Number.MAX_SAFE_INTEGER ? undefined : maximum
  return [what, least === undefined ? '' : `from ${least}`, most === undefined ? '' : `to ${most}`]
    .filter(Boolean)
    .join(' ')
}

const defaultOf = (name: string): string => {
  const value = settings[name]?.[1]
  return value === undefined ? '' : `\`${value}\``
}
