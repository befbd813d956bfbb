import type * as z from 'zod'
import { type EndpointContract, isWhole, parsePathTemplate, type Reply, toOutput } from '../../contract/index.ts'
import { createRandom, type Random } from '../../deploy/sample/random.ts'
import { createSampler } from '../../deploy/sample/sampler.ts'

/** What a handler would return whose reply is this one, with this body: what else it has is sampled. */
export function toReturned(contract: EndpointContract, reply: Reply, body: unknown, seed: string): unknown {
  if (!isWhole(contract)) return body
  const { status, headers, cookies, location, locations } = reply
  const random = createRandom(seed)
  const sample = (schema: z.ZodType) => createSampler(toOutput(schema))(random)
  return {
    ...{ status, body },
    ...(headers ? { headers: sample(headers) } : {}),
    ...(cookies ? { cookies: mapValues(cookies, ({ value }) => sample(value)) } : {}),
    // The address that stands for all others.
    ...(locations ? { location: locations[0]?.replace(/\*$/, '') } : {}),
    ...(location && !reply.body ? { location: sampleNames(location, random) } : {}),
  }
}

const sampleNames = (template: string, random: Random) =>
  Object.fromEntries(parsePathTemplate(template).names.map((name) => [name, String(random.integer(1, 1_000))]))

const mapValues = <Value, Result>(object: Readonly<Record<string, Value>>, change: (value: Value) => Result) =>
  Object.fromEntries(Object.entries(object).map(([name, value]) => [name, change(value)]))
