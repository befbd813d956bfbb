import * as z from 'zod'
import { type EndpointContract, type Example, toInput } from '../../contract/index.ts'
import type { Random } from './random.ts'
import { SampleFault, sampler } from './sampler.ts'

export interface SampleRequest {
  /** Path and query. */
  readonly target: string
  readonly headers: Readonly<Record<string, string>>
  /** JSON, or undefined where there is none. */
  readonly body: string | undefined
}

/**
 * A good request to an endpoint: as the first example of its contract that says anything about it, the rest made up, and
 * nothing that may be left out; parts that are `given` come before all that. Throws a SampleFault where it cannot be made up.
 */
export function sampleRequest(contract: EndpointContract, random: Random, given: Example = {}): SampleRequest {
  try {
    return makeUp(contract, random, given)
  } catch (cause) {
    if (!(cause instanceof SampleFault)) throw cause
    const why = `no good request to ${contract.name} could be made up (${cause.message}): give its contract an example`
    throw new SampleFault(why, { cause })
  }
}

function makeUp(contract: EndpointContract, random: Random, given: Example): SampleRequest {
  const { params, query, headers, body, examples = {}, path } = contract
  const first = Object.values(examples).find((one) => one.params ?? one.query ?? one.body)
  const said = { ...first, ...given }
  const values = { ...needed(params, random), ...said.params }
  const asked = said.query ?? needed(query, random)
  const search = new URLSearchParams(
    Object.entries(asked).flatMap(([name, value]) => [value].flat().map((one) => [name, String(one)])),
  )
  const sent = said.body ?? (body instanceof z.ZodType ? sampler(toInput(body))(random) : undefined)
  return {
    target:
      path.replaceAll(/\{(\w+)\}/g, (_, name) => encodeURIComponent(String(values[name]))) +
      (search.size > 0 ? `?${search}` : ''),
    headers: Object.fromEntries(Object.entries(needed(headers, random)).map(([name, value]) => [name, String(value)])),
    body: sent === undefined ? undefined : JSON.stringify(sent),
  }
}

/** Values of the properties that must not be left out. */
function needed(schema: z.ZodObject | undefined, random: Random): Readonly<Record<string, unknown>> {
  const required = Object.entries(schema?.shape ?? {}).filter(([, property]) => !property.safeParse(undefined).success)
  return Object.fromEntries(required.map(([name, property]) => [name, sampler(toInput(property))(random)]))
}
