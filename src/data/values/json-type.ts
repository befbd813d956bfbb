import { readJson } from './read-json.ts'
import { ValueFault } from './value-fault.ts'
import type { ValueType } from './value-type.ts'
import { writeJson } from './write-json.ts'

export const json = jsonType('json')
export const jsonb = jsonType('jsonb')

function jsonType(name: string): ValueType {
  return {
    name,
    takes: 'what JSON can carry',
    holdsArrays: true,
    read: readJson,
    write: (value) => {
      // Many a string is JSON already, and as many are not: neither may be taken for the other.
      if (typeof value !== 'string') return writeJson(value)
      const sentence = `a string, which may be JSON or a value of JSON: write sql.json(value) for a JSON string, or \${text}::text::${name} for text that is JSON`
      throw new ValueFault(sentence)
    },
  }
}
