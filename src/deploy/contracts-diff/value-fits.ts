import type { JsonSchema } from '../json-schema.ts'
import { numberMisfits, rulesOf } from './bounds.ts'
import { typeOfValue } from './node.ts'

/** Whether one listed value fits a schema that is neither a reference nor a union. What cannot be told does not fit. */
export function valueFits(value: unknown, schema: JsonSchema, { text = false }: { text?: boolean } = {}): boolean {
  if (schema.const !== undefined) return text ? String(schema.const) === String(value) : schema.const === value
  const { type } = schema
  if (type === undefined) return true
  if (type === 'string' && (text || typeof value === 'string')) return stringFits(String(value), schema)
  if (typeof value === 'number' && (type === 'number' || type === 'integer')) {
    if (type === 'integer' && !Number.isInteger(value)) return false
    const step = Number.isInteger(value) ? { multipleOf: value } : {}
    return numberMisfits({ ...step, minimum: value, maximum: value }, schema, '').length === 0
  }
  return type === typeOfValue(value)
}

function stringFits(value: string, schema: JsonSchema): boolean {
  const { minLength = 0, maxLength = Infinity } = schema
  const patterns = rulesOf(schema, 'pattern')
  const toldByPattern = patterns.length >= rulesOf(schema, 'format').length
  return (
    value.length >= minLength &&
    value.length <= maxLength &&
    toldByPattern &&
    patterns.every((pattern) => regExpOf(pattern).test(value))
  )
}

/** JSON Schema keeps no flags: most patterns mean the same with `u`, and some do not compile with it. */
function regExpOf(pattern: string): RegExp {
  try {
    return new RegExp(pattern, 'u')
  } catch {
    return new RegExp(pattern)
  }
}
