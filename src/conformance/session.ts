import { randomUUID } from 'node:crypto'
import { assertStatus } from './assertions.ts'
import { type ConformanceRequest, createClient, type Send } from './client.ts'
import { patientSend } from './patient-send.ts'
import { findSubjects, type Subjects } from './subjects.ts'
import type { Requirement, Target } from './target.ts'
import { untilTrue } from './until-true.ts'

/** What every case is given. */
export interface Session extends Pick<Subjects, 'on' | 'find' | 'endpoints' | 'scopes' | 'hasFunctions'> {
  readonly target: Target
  /** A request without a key; waits where a limit of the project's own contract asks for it. */
  readonly send: Send
  /** A caller who has `scopes`, the same in all cases. */
  readonly caller: () => Promise<Caller>
  /** Another caller; default: with `scopes`. */
  readonly newCaller: (scopes?: readonly string[]) => Promise<Caller>
  /** A request to the admin port. */
  readonly admin: Send
  /** Waits until something behind the scenes has happened; throws where it takes longer than the target may. */
  readonly until: (condition: () => Promise<boolean>, what: string) => Promise<void>
  /** Takes back the keys that were made. */
  readonly close: () => Promise<void>
}

export interface Caller {
  /** The API key. */
  readonly token: string
  /** A request with this caller's key; waits where a limit asks for it. */
  readonly send: Send
  /** The same without waiting: for what is about the limit. */
  readonly sendOnce: Send
  readonly revoke: () => Promise<void>
}

const PATIENCE_MS = 90_000

/** Connects to a target, and finds what cases can run on there. Rejects where no Ebb answers. */
export async function openSession(target: Target): Promise<Session> {
  const { send: sendOnce, close } = createClient(target.url)
  const send = patientSend(sendOnce, [429])
  const subjects = await findSubjects(send, target.contracts ?? {}).catch((error: unknown) => {
    close()
    throw error
  })
  // What leads to an admin port, such as a port-forward, may close an idle connection at any moment.
  const operator = createClient(target.admin?.url ?? target.url, { keepAlive: false })
  const admin = withHeaders(operator.send, { authorization: `Bearer ${target.admin?.key}` })
  const made: Caller[] = []
  let everyday: Promise<Caller> | undefined

  async function newCaller(scopes = subjects.scopes): Promise<Caller> {
    const subject = `conformance.${randomUUID()}`
    const answer = await admin({ method: 'POST', path: '/v1/keys', json: { subject, scopes } })
    assertStatus(answer, 201)
    const { token, key } = answer.json<{ token: string; key: { id: string } }>()
    const revoke = async () => assertStatus(await admin({ method: 'DELETE', path: `/v1/keys/${key.id}` }), 204)
    const caller = { ...sendersWith(token), revoke }
    made.push(caller)
    return caller
  }

  const sendersWith = (token: string) => {
    const headers = { 'x-api-key': token }
    return { token, send: withHeaders(send, headers), sendOnce: withHeaders(sendOnce, headers) }
  }

  return {
    ...{ ...subjects, target, send, newCaller, admin },
    until: (condition, what) => untilTrue(condition, { what, limitMs: target.patienceMs ?? PATIENCE_MS }),
    caller: () =>
      (everyday ??= target.admin
        ? newCaller()
        : Promise.resolve({ ...sendersWith(target.key ?? ''), revoke: async () => {} })),
    close: async () => {
      // One that a case has revoked itself is gone already.
      await Promise.allSettled(made.map(({ revoke }) => revoke()))
      close()
      operator.close()
    },
  }
}

const withHeaders =
  (send: Send, headers: Readonly<Record<string, string>>): Send =>
  (sent: ConformanceRequest) =>
    send({ ...sent, headers: { ...headers, ...sent.headers } })

/** One promise to the callers of an Ebb. Cases know nothing of each other, and leave nothing that could disturb another. */
export interface Case {
  /** The subject, a colon, and the promise. */
  readonly name: string
  /** Without these the case is skipped. */
  readonly needs?: readonly Requirement[]
  /** Runs on the conformance functions only: on what no contract of a project's own says. */
  readonly needsFunctions?: true
  /** Holds a batch, for which one connection of a function is taken: such cases follow each other. */
  readonly holds?: true
  /** Throws what is wrong, or a NothingToRunOn. */
  readonly run: (session: Session) => Promise<void>
}
