import { type EndpointContract, Problem, type Strings, validator } from '../../contract/index.ts'
import type { Step } from '../exchange.ts'
import { parseJson } from '../json.ts'
import { queryStrings } from '../query.ts'

/** Parses and judges the request by its contract; every fault at once. The gateway did, and is not believed. */
export function validate(contract: EndpointContract): Step {
  const judge = validator(contract)
  const { headers: named, params: hasParams } = contract
  return function validate(request, response) {
    const parsed = request.body === undefined ? { value: undefined } : parseJson(request.body)
    if ('faults' in parsed) throw invalid(parsed.faults)
    const validated = judge({
      params: hasParams ? asStrings(request.params) : NONE,
      query: queryStrings(request.url),
      headers: named ? asStrings(request.headersDistinct) : NONE,
      body: parsed.value,
    })
    if (!validated.ok) throw invalid(validated.faults)
    response.locals.input = validated.input
  }
}

const invalid = (details: Problem['details']) =>
  new Problem('invalid_request', 400, 'The request does not fit its contract; see details.', { details })

const NONE: Strings = {}

/** Headers as the gateway reads them: each line a value, where Node would join some and drop others. */
const asStrings = (values: Readonly<Record<string, string | string[] | undefined>>): Strings =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, [value].flat()]])),
  )
