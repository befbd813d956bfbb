import { randomUUID } from 'node:crypto'
import fc from 'fast-check'
import { createClient } from '../../../src/conformance/client.ts'
import { patientSend } from '../../../src/conformance/patient-send.ts'
import { PLATFORM_CODES } from '../../../src/contract/problem.ts'
import { contractsData } from '../../../src/deploy/contracts-data.ts'
import { readRoles, tryContracts } from '../../../src/deploy/import-sources.ts'
import type { Wall } from '../wall.ts'
import { type AnyCall, anyCall, applyChange } from './any-call.ts'
import { type ApiDocument, createAnswerCheck } from './check-answer.ts'
import { countEffects } from './count-effects.ts'

const MAX_THINGS = 200

export interface FuzzReport {
  /** How many requests were answered with each status. */
  readonly statuses: ReadonlyMap<number, number>
  /** How many were made for each endpoint. */
  readonly endpoints: ReadonlyMap<string, number>
  /** The refused ones, each of which was seen to have no effect. */
  readonly refused: number
  /** The rows that the others have changed. */
  readonly changed: number
}

/**
 * Sends so many requests to all endpoints of a project, one after the other. Throws, with the smallest request that shows it,
 * where one is answered by a 5xx, by what the document does not say, or where a refused one takes effect.
 */
export async function runFuzz(
  wall: Wall,
  project: string,
  { requests, seed }: { requests: number; seed: number },
): Promise<FuzzReport> {
  const { endpoints } = contractsData((await tryContracts(project)).contracts)
  const { send: sendOnce, close } = createClient(wall.url)
  let retries = 0
  const send = patientSend(sendOnce, [503, 504], () => void retries++)
  try {
    const document = (await send({ path: '/openapi.json' })).json<ApiDocument>()
    const findFault = createAnswerCheck(document)
    const effects = await countEffects(wall.pool)
    const callers = await createCallers(wall, project)
    const counts = new Map(endpoints.map(({ route }) => [route.name, 0]))
    const report = { statuses: new Map<number, number>(), endpoints: counts, refused: 0, changed: 0 }
    /** What was made on the way, which other requests then ask for. */
    const things: string[] = []
    let before = await effects()

    const check = async (call: AnyCall) => {
      const thing = call.thing === null ? undefined : things[call.thing % Math.max(things.length, 1)]
      const { headers, ...request } = applyChange(call, thing)
      const retriesBefore = retries
      const answer = await send({ ...request, headers: { ...callers[call.caller % callers.length], ...headers } })
      const after = await effects()
      const { status } = answer
      report.statuses.set(status, (report.statuses.get(status) ?? 0) + 1)
      report.endpoints.set(call.made, (report.endpoints.get(call.made) ?? 0) + 1)
      const made = /[^/]+$/.exec(answer.headers.location ?? '')?.[0]
      if (made && status === 201) things[things.length % MAX_THINGS] = made
      const changed = { rows: after.all - before.all, responses: after.responses - before.responses }
      before = after
      report.changed += changed.rows
      const shown = `${request.method} ${request.path.slice(0, 200)} (${call.change?.name ?? 'as it is'})`
      const fault = findFault(request.method, request.path, answer)
      if (fault) throw new Error(`${shown}: ${fault}`)
      if (status < 400 && request.method !== 'GET' && request.method !== 'HEAD') return
      // A declared failure is kept, so that a repeated request gets it again.
      const { error = '' } = status < 400 || request.method === 'HEAD' ? {} : answer.json<{ error?: string }>()
      const kept = PLATFORM_CODES.has(error) ? 0 : changed.responses
      // What was given up may have taken effect all the same.
      const isKnown = retries === retriesBefore
      if (isKnown && changed.rows > kept)
        throw new Error(`${shown}: it answers ${status}, and ${changed.rows} rows have changed`)
      if (status >= 400) report.refused++
    }
    await fc.assert(fc.asyncProperty(anyCall(endpoints), check), { numRuns: requests, seed, endOnFailure: false })
    return report
  } finally {
    close()
  }
}

/** Nobody, somebody with a key that is none, one caller of each role, two of the last, and one who may do everything. */
async function createCallers(wall: Wall, project: string): Promise<readonly Readonly<Record<string, string>>[]> {
  const roles = Object.entries(await readRoles(project))
  const all = [...new Set(roles.flatMap(([, scopes]) => scopes))]
  const granted = [...roles, ...roles.slice(-1), ['everything', all] as const, ['nothing', []] as const]
  const keys = await Promise.all(granted.map(([role, scopes]) => wall.keyOf(`${role}-${randomUUID()}`, scopes)))
  return [{}, { 'x-api-key': `ebb_live_${'a'.repeat(40)}` }, ...keys.map((key) => ({ 'x-api-key': key }))]
}
