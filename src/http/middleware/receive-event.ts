import {
  createEventValidator,
  hasTenancy,
  MAX_BATCH_SIZE,
  Problem,
  parseVersionedType,
  type ReceiverContract,
  type ValidationIssue,
  versionOf,
} from '../../contract/index.ts'
import { containsSecret } from '../../kernel/index.ts'
import {
  contentModeOf,
  identityRefusalHeaders,
  invalidEvent,
  isJson,
  type ReceivedCloudEvent,
  readBinary,
  readStructured,
} from '../../protocol/index.ts'
import { headerOf, type Received, type Step } from '../context.ts'
import { findUnsafeJson, parseJson } from '../json.ts'
import { readBatch } from './read-batch.ts'

/** Of an event that a function receives: twice what can be emitted, since Postgres writes JSON with spaces in between. */
export const MAX_RECEIVED_BYTES = 32 * 1024 * 1024
const MAX_DATA_BYTES = MAX_RECEIVED_BYTES / 2
/** Of the data of all events that one request emits: they are stored by one statement. */
export const MAX_EMITTED_BYTES = 4 * MAX_DATA_BYTES
/** Percent-encoded in `ce-subject` it may be nine times as long, and shares 16 KiB with all other headers. */
const MAX_SUBJECT_LENGTH = 1_000

/** Of a batch for a contract without `batch`: each event is a transaction of its own, within the time for one request. */
const MAX_BATCH_EVENTS = 100

/** Refuses whoever is not the relay, before a body of that size is read. */
export const fromRelay: Step = function fromRelay(_request, response) {
  const { iss, sub } = response.locals.identity
  if (iss === 'ebb:relay' && sub === 'relay') return
  throw new Problem('forbidden', 403, 'Events come from the relay.', { headers: identityRefusalHeaders() })
}

/**
 * Reads CloudEvents 1.0 in binary, structured or batched mode. Their data become those of the version that the
 * subscriber declares, and are stripped to that, so that a producer may add properties.
 */
export function receiveEvent(contract: ReceiverContract): Step {
  const read = createReader(contract)
  const needsTenant = hasTenancy(contract)
  const isTogether = 'batch' in contract && contract.batch !== undefined
  const maxEvents = isTogether ? MAX_BATCH_SIZE : MAX_BATCH_EVENTS
  return function receiveEvent(request, response) {
    const { tenant } = response.locals.identity
    if (needsTenant && tenant === undefined)
      throw new Problem('tenant_required', 403, 'This event has no tenant: a caller without one has emitted it.')
    const mode = contentModeOf(headerOf(request, 'content-type'))
    if (mode === 'binary') {
      Object.assign(response.locals, read(readBinary(request.headers, request.body), tenant))
      return
    }
    if (mode === 'structured') {
      Object.assign(response.locals, read(readStructured(readJson(request.body)), tenant))
      return
    }
    const batch = isTogether ? readBatch(request.body) : readArray(request.body)
    if (batch.length > maxEvents)
      throw new Problem('payload_too_large', 413, `A batch has ${maxEvents} events at most.`)
    response.locals.batch = batch.map((readOne) => () => read(readOne(), tenant))
  }
}

function readArray(bytes: Uint8Array | undefined) {
  const value = readJson(bytes)
  if (!Array.isArray(value)) throw invalidEvent('a batch is an array of events')
  return value.map((one: unknown) => () => readStructured(one))
}

function createReader(contract: ReceiverContract) {
  const validateData = createEventValidator(contract)
  const { on } = contract
  const own = versionOf(on)
  return ({ attributes, content }: ReceivedCloudEvent, tenant: string | undefined): Received => {
    const { id = '', source = '', type = '', time, subject, traceparent: link, datacontenttype } = attributes
    const version = parseVersionedType(on.type, type)
    if (version === undefined) throw invalidEvent(`its type is ${type}, and this function takes ${on.type}`)
    if (version > own)
      throw new Problem(
        'unavailable',
        503,
        `This is version ${version} of ${on.type}, and this revision takes version ${own}: one that takes it must be rolled out.`,
      )
    if (!isJson(datacontenttype))
      throw new Problem(
        'unsupported_media_type',
        415,
        `The data of an event are JSON here, and not ${datacontenttype}.`,
      )
    const value = content && 'value' in content ? content.value : readJson(content?.bytes)
    const validated = validateData(value, version)
    if (!validated.ok) throw invalidEvent('its data do not fit the contract', validated.issues)
    const { data } = validated
    const attempt = Number(attributes.ebbattempt ?? 1)
    const hops = Number(attributes.ebbhops ?? 0)
    const event = { id, source, type: on.type, time: time ?? new Date().toISOString(), tenant, subject, data, attempt }
    return { event: { ...event, sentTime: time, link, hops }, input: { event, data } }
  }
}

function readJson(bytes: Uint8Array = new Uint8Array()): unknown {
  const parsed = parseJson(bytes)
  if ('issues' in parsed) throw invalidEvent('its data are not JSON', parsed.issues)
  return parsed.value
}

const ELSEWHERE = 'store what is so large in a table, and emit where it is'

interface EventContent {
  readonly data: unknown
  readonly subject?: string | null | undefined
}

/**
 * What every subscriber would refuse in an event, whatever its contract: refused where it is emitted and where it is
 * redriven, since its deliveries could only end in the dead letters.
 */
export function findEventIssues(
  { data, subject }: EventContent,
  text: string = JSON.stringify(data) ?? 'null',
): ValidationIssue[] {
  const unsafe = findUnsafeJson(text, 'data')
  const issues = unsafe ? [unsafe] : []
  const bytes = Buffer.byteLength(text)
  if (bytes > MAX_DATA_BYTES)
    issues.push({ path: 'data', message: `${bytes} bytes of JSON, and at most ${MAX_DATA_BYTES}: ${ELSEWHERE}` })
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
