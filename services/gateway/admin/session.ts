import { Problem } from 'ebb/contract'
import { OPERATOR } from '../../../src/data/audit.ts'
import { beginSession, createSessionKey, endSession, showSession } from '../../../src/protocol/admin/session.ts'
import { type AdminOperation, operation } from './operation.ts'
import type { Sessions } from './sessions.ts'

export interface SessionOptions {
  readonly sessions: Sessions
}

export const sessionOperations = ({ sessions }: SessionOptions): readonly AdminOperation[] => [
  operation(createSessionKey, () => {
    const { key, expiresAt } = sessions.createKey()
    return { key, expiresAt: toTime(expiresAt) }
  }),
  operation(beginSession, ({ body }, { request, setHeader }) => {
    const begun = sessions.begin(body.key, request.headers)
    if (!begun) throw NOT_GOOD
    setHeader('set-cookie', begun.cookie)
    return { actor: OPERATOR, expiresAt: toTime(begun.expiresAt), login: null }
  }),
  operation(showSession, async (_input, { request, identify }) => {
    const expiresAt = sessions.expiryOf(request.headers)
    const actor = (await identify()) ?? null
    return { actor, expiresAt: actor === null || expiresAt === undefined ? null : toTime(expiresAt), login: null }
  }),
  operation(endSession, (_input, { request, setHeader }) => {
    setHeader('set-cookie', sessions.end(request.headers))
    return undefined
  }),
]

const NOT_GOOD = new Problem(
  'unauthenticated',
  401,
  'This key was used before, or is too old: `npx ebb console` prints another one.',
)
const toTime = (ms: number) => new Date(ms).toISOString()
