import { createValidator, type EndpointContract, Problem, type Strings } from '../../contract/index.ts'
import type { Step } from '../context.ts'
import { parseJson } from '../json.ts'
import { bodyTooLarge, readBody } from '../read-body.ts'
import { parseQuery } from '../request-parts.ts'

/** Takes in the bytes of the body as they came, where there is one; no more than the contract allows, and not coded. */
export function takeBody({ maxBytes }: { maxBytes: number }): Step {
  return function takeBody(request, response) {
    const { headers } = request
    const declared = Number(headers['content-length'] ?? 0)
    if (declared === 0 && headers['transfer-encoding'] === undefined) return
    if (declared > maxBytes) throw bodyTooLarge(maxBytes)
    if ((headers['content-encoding'] ?? 'identity').toLowerCase() !== 'identity')
      throw new Problem('unsupported_media_type', 415, 'Send the body without Content-Encoding.')
    const { timeoutMs, signal } = response.locals.deadline
    return readBody(request, { maxBytes, timeoutMs, signal }).then((body) => {
      request.body = body
    })
  }
}

/** Parses and judges the request by its contract; every fault at once. The gateway did, and is not believed. */
export function validate(contract: EndpointContract): Step {
  const judge = createValidator(contract)
  const { headers: named, params: hasParams } = contract
  return function validate(request, response) {
    const parsed = request.body === undefined ? { value: undefined } : parseJson(request.body)
    if ('faults' in parsed) throw invalidRequest(parsed.faults)
    const validated = judge({
      params: hasParams ? asStrings(request.params) : NONE,
      query: parseQuery(request.url),
      headers: named ? asStrings(request.headersDistinct) : NONE,
      body: parsed.value,
    })
    if (!validated.ok) throw invalidRequest(validated.issues)
    response.locals.input = validated.input
  }
}

const invalidRequest = (details: Problem['details']) =>
  new Problem('invalid_request', 400, 'The request does not fit its contract; see details.', { details })

const NONE: Strings = {}

/** Headers as the gateway reads them: each line a value, where Node would join some and drop others. */
const asStrings = (values: Readonly<Record<string, string | string[] | undefined>>): Strings =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, [value].flat()]])),
  )
