import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod'
import type { Value } from './environment.ts'

/** What zod has no word for is left to helm. */
const HELM_ONLY = ['not', 'if', 'then', 'else']

/** What checks values by the chart's own schema, before there is a cluster. */
export function createValuesCheck(platform: string): (values: Value) => readonly string[] {
  const text = readFileSync(join(platform, 'charts/ebb/values.schema.json'), 'utf8')
  const schema = z.fromJSONSchema(JSON.parse(text, (key, part) => (HELM_ONLY.includes(key) ? undefined : part)))
  return (values) =>
    (schema.safeParse(values).error?.issues ?? []).map((issue) => `${issue.path.join('.')}: ${issue.message}`)
}
