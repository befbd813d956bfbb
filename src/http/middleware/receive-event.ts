import {
  createEventValidator,
  hasTenancy,
  Problem,
  type ReceiverContract,
  type ValidationIssue,
} from '../../contract/index.ts'
import { containsSecret } from '../../kernel/index.ts'
import { identityRefusalHeaders } from '../../protocol/index.ts'
import type { Step } from '../context.ts'
import { findUnsafeJson, parseJson } from '../json.ts'

/** Of an event that a function receives: twice what can be emitted, since Postgres writes JSON with spaces in between. */
export const MAX_RECEIVED_BYTES = 16 * 1024 * 1024
const MAX_DATA_BYTES = MAX_RECEIVED_BYTES / 2
/** Percent-encoded in `ce-subject` it may be nine times as long, and shares 16 KiB with all other headers. */
const MAX_SUBJECT_LENGTH = 1_000

/**
 * Reads a CloudEvents 1.0 event in binary mode, from the relay alone. Its data are stripped to what the subscriber declares,
 * so that a producer may add properties.
 */
export function receiveEvent(contract: ReceiverContract): Step {
  const validateData = createEventValidator(contract)
  const { on } = contract
  const needsTenant = hasTenancy(contract)
  return function receiveEvent(request, response) {
    const { identity } = response.locals
    const { tenant } = identity
    if (identity.iss !== 'ebb:relay' || identity.sub !== 'relay')
      throw new Problem('forbidden', 403, 'Events come from the relay.', { headers: identityRefusalHeaders() })
    if (needsTenant && tenant === undefined)
      throw new Problem('tenant_required', 403, 'This event has no tenant: a caller without one has emitted it.')
    const attribute = (name: string) => {
      const value = request.get(`ce-${name}`)
      return value === undefined ? undefined : decodeAttribute(value)
    }
    const [id, source, type, time] = ['id', 'source', 'type', 'time'].map(attribute)
    if (attribute('specversion') !== '1.0' || !id || !source || !type)
      throw invalidEvent('it is not CloudEvents 1.0 in binary mode')
    if (type !== on.type) throw invalidEvent(`its type is ${type}, and this function takes ${on.type}`)
    const parsed = parseJson(request.body ?? Buffer.alloc(0))
    if ('issues' in parsed) throw invalidEvent('its data are not JSON', parsed.issues)
    const validated = validateData(parsed.value)
    if (!validated.ok) throw invalidEvent('its data do not fit the contract', validated.issues)
    const { data } = validated
    const attempt = Number(attribute('ebbattempt') ?? 1)
    const subject = attribute('subject')
    const event = { id, source, type, time: time ?? new Date().toISOString(), tenant, subject, data, attempt }
    const link = attribute('traceparent')
    const hops = Number(attribute('ebbhops') ?? 0)
    response.locals.event = { ...event, link, hops }
    response.locals.input = { event, data }
  }
}

interface EventContent {
  readonly data: unknown
  readonly subject?: string | null | undefined
}

/**
 * What every subscriber would refuse in an event, whatever its contract: refused where it is emitted and where it is
 * redriven, since its deliveries could only end in the dead letters.
 */
export function findEventIssues({ data, subject }: EventContent): ValidationIssue[] {
  const text = JSON.stringify(data) ?? 'null'
  const unsafe = findUnsafeJson(text, 'data')
  const issues = unsafe ? [unsafe] : []
  const bytes = Buffer.byteLength(text)
  if (bytes > MAX_DATA_BYTES) issues.push({ path: 'data', message: `${bytes} bytes, and at most ${MAX_DATA_BYTES}` })
  // It would be stored, and sent to every subscriber.
  if (containsSecret(text)) issues.push({ path: 'data', message: 'Hold the value of a secret' })
  const message = subject && findSubjectIssue(subject)
  if (message) issues.push({ path: 'subject', message })
  return issues
}

function findSubjectIssue(subject: string): string | undefined {
  if (subject.length > MAX_SUBJECT_LENGTH) return `More than ${MAX_SUBJECT_LENGTH} characters`
  if (containsSecret(subject)) return 'Holds the value of a secret'
  return findUnsafeJson(JSON.stringify(subject), 'subject')?.message
}

function invalidEvent(reason: string, details: Problem['details'] = []) {
  return new Problem('invalid_request', 400, `This event cannot be taken: ${reason}.`, { details })
}

function decodeAttribute(value: string): string {
  try {
    return decodeURIComponent(value)
  } catch (cause) {
    throw new Problem('invalid_request', 400, 'A ce- header is not percent-encoded UTF-8.', { cause })
  }
}
