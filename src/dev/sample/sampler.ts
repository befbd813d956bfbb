import * as z from 'zod'
import type { JsonSchema } from '../../deploy/json-schema.ts'
import type { Random } from './random.ts'
import { sampleJson } from './sample-json.ts'

const TRIES = 30

/** No value could be made up: the message says where, and what its schema has against what was tried. */
export class SampleFault extends Error {
  override readonly name = 'SampleFault'
}

/**
 * Makes values up that `schema` takes, as JSON carries them. An `example` in the schema's meta or a default is taken as it
 * is. Throws a SampleFault where nothing fits, such as a pattern without an example.
 */
export function sampler(schema: z.ZodType): (random: Random) => unknown {
  // JsonSchema names what zod writes, only more narrowly than zod's own type.
  const root = z.toJSONSchema(schema, { io: 'input', unrepresentable: 'any' }) as JsonSchema
  return (random) => {
    let why = ''
    for (let tries = 0; tries < TRIES; tries++) {
      const value = sampleJson(root, { root, random, depth: 0 })
      const { success, error } = schema.safeParse(value)
      if (success) return value
      const [issue] = error.issues
      why = `${issue?.path.join('.') || 'its top'}: ${issue?.message}`
    }
    throw new SampleFault(why)
  }
}
