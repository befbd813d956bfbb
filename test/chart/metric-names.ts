import { globSync, readFileSync } from 'node:fs'

/** Where gateway, relay and functions name their metrics. */
const CODE = ['services/{gateway,relay}/**/*.ts', 'src/telemetry/*.ts'].flatMap((pattern) => globSync(pattern))
/** Those that every process has by prom-client. */
const DEFAULTS = /^(process|nodejs)_/

/** The metrics that expressions name and no code has. */
export function unknownMetrics(expressions: readonly string[]): readonly string[] {
  const code = CODE.filter((file) => !file.endsWith('.test.ts') && !/\/alerts\//.test(file))
    .map((file) => readFileSync(file, 'utf8'))
    .join()
  const isKnown = (name: string) => DEFAULTS.test(name) || namesOf(name).some((each) => code.includes(`'${each}'`))
  const named = expressions.flatMap((expression) => expression.match(/\b(http|ebb|faas|process|nodejs)_\w+/g) ?? [])
  return [...new Set(named)].filter((name) => !isKnown(name)).sort()
}

/** As the code may write it: a histogram without its parts, and for OpenTelemetry with dots and without the unit. */
function namesOf(name: string): readonly string[] {
  const base = name.replace(/_(count|bucket|sum)$/, '')
  const dotted = base.replace(/_(seconds|total)$/, '').replaceAll('_', '.')
  return [name, base, dotted, dotted.replace('cold.start', 'cold_start').replace('init.duration', 'init_duration')]
}
