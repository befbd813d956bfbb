import { describeEndpoint, type EndpointContract } from '../../contract/index.ts'
import { authorise, compileBody, compileParameters, givenOf } from './admit-field.ts'
import type { ShownField } from './shown-field.ts'

/** Authorises the caller and validates the arguments before a function is started for them, and calls it. */
export function callEndpoint(endpoint: EndpointContract): ShownField['show'] {
  const route = describeEndpoint(endpoint)
  const parts = {
    params: compileParameters(endpoint.params),
    query: compileParameters(endpoint.query),
    body: compileBody(endpoint),
  }

  return async (values, { caller, call }) => {
    authorise(caller, route)
    const sent = {
      ...(endpoint.params ? { params: givenOf(endpoint.params, values) } : {}),
      ...(endpoint.query ? { query: givenOf(endpoint.query, values) } : {}),
      ...((values.input ?? null) === null ? {} : { body: values.input }),
    }
    // Sent is what came: the endpoint parses it itself.
    for (const [part, check] of Object.entries(parts)) check?.(values, part)
    const result = await call(sent)
    if (!result.ok) throw result
    return result.data ?? true
  }
}
