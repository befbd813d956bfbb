import { deepEqual, equal, ok } from 'node:assert/strict'
import { randomUUID } from 'node:crypto'
import { assertProblem, assertStatus } from '../assertions.ts'
import { CALL_TIMEOUT_MS } from '../conformance-contracts.ts'
import type { Caller, Case, Session } from '../session.ts'

const CALLS = '/v1/conformance/calls'
const ANSWERS = '/v1/conformance/answers'
const SLACK_MS = 4_000
/** Says that a function has not started in time, or the one that it calls. */
const SLOW: ReadonlySet<number> = new Set([503, 504])

interface Called {
  readonly caller: string
  readonly answer: Readonly<Record<'caller' | 'via' | 'correlationId' | 'traceId', string>>
}

/** Has one function call the other. */
const call = (
  { send }: Caller,
  { afterMs = 0, refuse = false, headers = {} }: { afterMs?: number; refuse?: boolean; headers?: object } = {},
) => send({ method: 'POST', path: CALLS, json: { afterMs, refuse }, headers: { ...headers } })

/** A caller for whom both functions run: where an instance starts slowly, the first calls take too long. */
async function callerOf(session: Session): Promise<Caller> {
  const me = await session.caller()
  await session.until(async () => !SLOW.has((await call(me)).status), 'an answer of one function to another')
  assertStatus(await call(me), 200)
  return me
}

export const internalCalls: readonly Case[] = [
  {
    name: "internal calls: the called function sees the outer request's caller, its correlation id and its trace",
    needs: ['key'],
    needsFunctions: true,
    run: async (session) => {
      const me = await callerOf(session)
      const [correlationId, traceId] = [randomUUID(), randomUUID().replaceAll('-', '')]
      const headers = { 'x-correlation-id': correlationId, traceparent: `00-${traceId}-${'c2'.repeat(8)}-01` }
      const answered = await call(me, { headers })
      assertStatus(answered, 200)
      const { caller, answer } = answered.json<Called>()
      ok(caller !== '' && answer.via.endsWith('conformance-call'), `it came by way of "${answer.via}"`)
      deepEqual([answer.caller, answer.correlationId, answer.traceId], [caller, correlationId, traceId])
    },
  },
  {
    name: 'internal calls: end with the time of the request that makes them',
    needs: ['key'],
    needsFunctions: true,
    run: async (session) => {
      const me = await callerOf(session)
      const beganAt = performance.now()
      const late = await call(me, { afterMs: 60_000 })
      const tookMs = performance.now() - beganAt
      assertProblem(late, 504, 'deadline_exceeded')
      ok(tookMs < CALL_TIMEOUT_MS + SLACK_MS, `${CALL_TIMEOUT_MS} ms took ${Math.round(tookMs)} ms`)
    },
  },
  {
    name: "internal calls: a failure that the called contract declares is the caller's to answer",
    needs: ['key'],
    needsFunctions: true,
    run: async (session) => {
      const refused = await call(await callerOf(session), { refuse: true })
      assertProblem(refused, 422, 'not_answered')
      equal(refused.json<{ message: string }>().message, 'There is no answer.')
    },
  },
  {
    name: 'internal calls: from outside an internal endpoint is a path that does not exist, whatever comes along',
    needs: ['key'],
    needsFunctions: true,
    run: async (session) => {
      const { send } = session
      const me = await callerOf(session)
      const json = { afterMs: 0, refuse: false }
      const forged = { 'ebb-identity': 'e30.e30.', 'ebb-delegation': 'conformance-answer=e30.e30.' }
      for (const headers of [{}, forged]) {
        const [unknown, internal] = [
          await me.send({ method: 'POST', path: `/v1/conformance/${randomUUID()}`, json, headers }),
          await me.send({ method: 'POST', path: ANSWERS, json, headers }),
        ]
        assertProblem(internal, 404, 'not_found')
        const told = (text: string) => text.replaceAll(/[\da-f]{8}-[\da-f-]{27}/g, 'ID')
        equal(told(internal.text), told(unknown.text))
      }
      const { text } = await send({ path: '/openapi.json' })
      ok(text.includes(CALLS) && !text.includes(ANSWERS), 'the document shows it')
    },
  },
]
