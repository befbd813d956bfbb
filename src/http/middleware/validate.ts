import { createValidator, type EndpointContract, type Strings } from '../../contract/index.ts'
import type { Step } from '../context.ts'
import { parseJson } from '../json.ts'
import { conditionsOf, findConditionIssues, preconditionRequired } from '../preconditions.ts'
import { parseQuery } from '../query.ts'
import { invalidRequest } from '../request-problems.ts'

/** Parses and validates the request by its contract, and reports every issue at once. The gateway did so, and is not trusted. */
export function validate(contract: EndpointContract): Step {
  const validateParts = createValidator(contract)
  const { params: hasParams, conditional, method } = contract
  const hasHeaders = contract.headers !== undefined || contract.cookies !== undefined
  return function validate(request, response) {
    const parsed = request.body === undefined ? { value: undefined } : parseJson(request.body)
    if ('issues' in parsed) throw invalidRequest(parsed.issues)
    const validated = validateParts({
      params: hasParams ? asStrings(request.params) : NONE,
      query: parseQuery(request.url),
      headers: hasHeaders ? asStrings(request.headersDistinct) : NONE,
      body: parsed.value,
    })
    if (!validated.ok) throw invalidRequest(validated.issues)
    if (conditional) checkConditions(request.headersDistinct, conditional === true && method !== 'GET')
    response.locals.input = validated.input
  }
}

function checkConditions(headers: Parameters<typeof conditionsOf>[0], isRequired: boolean) {
  const conditions = conditionsOf(headers)
  const issues = findConditionIssues(conditions)
  if (issues.length > 0) throw invalidRequest(issues)
  if (isRequired && !conditions.match && !conditions.noneMatch) throw preconditionRequired()
}

const NONE: Strings = {}

/** Headers as the gateway reads them: a value for each line, where Node would join some and drop others. */
const asStrings = (values: Readonly<Record<string, string | string[] | undefined>>): Strings =>
  Object.fromEntries(
    Object.entries(values).flatMap(([name, value]) => (value === undefined ? [] : [[name, [value].flat()]])),
  )
