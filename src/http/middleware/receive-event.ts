import { eventValidator, Problem, type SubscriberContract } from '../../contract/index.ts'
import { refusalHeaders } from '../../kernel/index.ts'
import type { Step } from '../exchange.ts'
import { parseJson } from '../json.ts'

/**
 * Takes in a CloudEvents 1.0 event in binary mode, from the relay alone. Its data are stripped to what the subscriber
 * declares, so that a producer may add to them.
 */
export function receiveEvent(contract: SubscriberContract): Step {
  const judge = eventValidator(contract)
  const { on } = contract
  return function receiveEvent(request, response) {
    const { identity } = response.locals
    if (identity.iss !== 'ebb:relay' || identity.sub !== 'relay')
      throw new Problem('forbidden', 403, 'Events come from the relay.', { headers: refusalHeaders() })
    const attribute = (name: string) => {
      const value = request.get(`ce-${name}`)
      return value === undefined ? undefined : decode(value)
    }
    const [id, source, type, time] = ['id', 'source', 'type', 'time'].map(attribute)
    if (attribute('specversion') !== '1.0' || !id || !source || !type)
      throw invalid('no CloudEvents 1.0 in binary mode')
    if (type !== on.type) throw invalid(`its type is ${type}, and this function takes ${on.type}`)
    const parsed = parseJson(request.body ?? Buffer.alloc(0))
    if ('faults' in parsed) throw invalid('its data are no JSON', parsed.faults)
    const judged = judge(parsed.value)
    if (!judged.ok) throw invalid('its data do not fit the contract', judged.faults)
    const attempt = Number(attribute('ebbattempt') ?? 1)
    const subject = attribute('subject')
    const event = { id, source, type, time: time ?? new Date().toISOString(), subject, data: judged.data, attempt }
    const link = attribute('traceparent')
    const hops = Number(attribute('ebbhops') ?? 0)
    response.locals.event = { ...event, link, hops }
    response.locals.input = { event, data: judged.data }
  }
}

function invalid(why: string, details: Problem['details'] = []) {
  return new Problem('invalid_request', 400, `This event cannot be taken: ${why}.`, { details })
}

function decode(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch (cause) {
    throw new Problem('invalid_request', 400, 'A ce- header is not percent-encoded UTF-8.', { cause })
  }
}
