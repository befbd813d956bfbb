import { SETTINGS, type Setting } from '../../kernel/index.ts'

/** A setting as a gateway lists it. */
interface SettingThere {
  readonly name: string
  readonly value: string | null
}

/** A sentence for each setting that the gateway has otherwise than its environment says. */
export function compareSettings(
  here: Readonly<Record<string, string>>,
  there: readonly SettingThere[],
): readonly string[] {
  return Object.entries(here).flatMap(([name, value]) => {
    const said = textOf(name, value)
    const found = there.find((setting) => setting.name === name)
    // The gateway lists those that Ebb knows.
    if (!found || found.value === said) return []
    return [`${name} is ${found.value ?? 'not set'} there, and ${said} here`]
  })
}

/** As a gateway writes what it has read: `7` and `007` are one setting. */
function textOf(name: string, value: string): string {
  const [schema] = (SETTINGS as Readonly<Record<string, Setting>>)[name] ?? []
  const parsed = schema ? schema().parse(value) : value
  return typeof parsed === 'object' ? JSON.stringify(parsed) : String(parsed)
}
