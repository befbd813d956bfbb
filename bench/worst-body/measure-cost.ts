/** What one body costs a gateway to parse and validate: `{ contract, shape }` as JSON in, a Cost as JSON out. */
import { endpoint, Problem } from 'ebb/contract'
import { problemJson } from '../../src/contract/index.ts'
import { createValidator } from '../../src/contract/validate.ts'
import { parseJson } from '../../src/http/json.ts'
import { CONTRACTS } from './contracts.ts'
import { type Shape, write } from './shape.ts'

export interface Cost {
  /** Of the processor, in one go: for so long the gateway does nothing else. The median of RUNS. */
  readonly cpuMs: number
  /** The same of a body as large that is one text. */
  readonly harmlessMs: number
  /** Of what is on the heap at the most, as a multiple of the body. The median of RUNS. */
  readonly memoryTimes: number
  readonly answerBytes: number
}

const BYTES = 1024 * 1024
const RUNS = 5
const { contract, shape } = JSON.parse(process.argv[2] ?? '') as { contract: string; shape: Shape }
const [body] = [CONTRACTS[contract]]
if (!body) throw new Error(`there is no contract ${contract}`)
const validate = createValidator(
  endpoint({
    ...{ name: 'take-body', summary: 'Takes it.', method: 'POST', path: '/v1/bodies' },
    ...{ body, reply: { status: 204 }, access: {} },
  }),
)

function validateBody(bytes: Uint8Array) {
  const parsed = parseJson(bytes)
  const validated =
    'issues' in parsed ? undefined : validate({ params: {}, query: {}, headers: {}, body: parsed.value })
  const details = 'issues' in parsed ? parsed.issues : validated?.ok === false ? validated.issues : []
  const answer = details.length > 0 ? problemJson(new Problem('invalid_request', 400, 'No.', { details }), 'id') : ''
  return { parsed, validated, answer }
}

interface Measured {
  readonly cpuMs: number
  readonly heapBytes: number
  readonly answerBytes: number
}

function measure(bytes: Uint8Array): Measured {
  globalThis.gc?.()
  const before = process.memoryUsage().heapUsed
  const began = process.cpuUsage()
  // The threads that collect garbage count as well: it is work all the same.
  const kept = validateBody(bytes)
  const { user, system } = process.cpuUsage(began)
  globalThis.gc?.()
  // All of it is alive at its end: what was parsed, what was validated, and the answer.
  const heapBytes = process.memoryUsage().heapUsed - before
  return { cpuMs: (user + system) / 1_000, heapBytes, answerBytes: Buffer.byteLength(kept.answer), ...alive(kept) }
}

/** Keeps what it is given from being collected until here. */
const alive = (kept: object) => (Object.keys(kept).length > 0 ? {} : { heapBytes: 0 })

const medianOf = (numbers: readonly number[]) => numbers.toSorted((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0
const runs = (bytes: Uint8Array) => Array.from({ length: RUNS }, () => measure(bytes))

const bytes = Buffer.from(write(shape, BYTES))
const harmless = Buffer.from(JSON.stringify({ rows: 'a'.repeat(BYTES - 11) }))
const small = Buffer.from(write(shape, 4_096))
for (let i = 0; i < 200; i++) validateBody(small)
const [own, others] = [runs(bytes), runs(harmless)]
const cost: Cost = {
  cpuMs: medianOf(own.map(({ cpuMs }) => cpuMs)),
  harmlessMs: medianOf(others.map(({ cpuMs }) => cpuMs)),
  memoryTimes: medianOf(own.map(({ heapBytes }) => heapBytes)) / bytes.length,
  answerBytes: own[0]?.answerBytes ?? 0,
}
console.log(JSON.stringify(cost))
