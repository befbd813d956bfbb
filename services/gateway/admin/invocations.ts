import { isUtf8 } from 'node:buffer'
import { Problem } from 'ebb/contract'
import { redactSecrets } from 'ebb/kernel'
import type pg from 'pg'
import { appendAudit } from '../../../src/data/audit.ts'
import { OUTBOX_CHANNEL } from '../../../src/data/outbox.ts'
import { inTransaction } from '../../../src/data/postgres/pool.ts'
import { listAllInvocations, type ShownInvocation, showInvocation } from '../../../src/data/queue/all-invocations.ts'
import { cancelInvocation } from '../../../src/data/queue/cancel-invocation.ts'
import { INVOCATIONS_CHANNEL } from '../../../src/data/queue/notify-invocations.ts'
import * as endpoints from '../../../src/protocol/admin/invocations.ts'
import { type AdminOperation, operation } from './operation.ts'

export interface InvocationsOptions {
  readonly pool: pg.Pool
}

const MAX_BODY_BYTES = 65_536

export const invocationsOperations = ({ pool }: InvocationsOptions): readonly AdminOperation[] => [
  operation(endpoints.listInvocations, ({ query }) => listAllInvocations(pool, query)),
  operation(endpoints.showInvocation, async ({ params }) => describe(await find(pool, params.id))),
  operation(endpoints.cancelInvocation, async ({ params: { id }, body }, { actor }) => {
    const { caller, tenant, correlationId } = await find(pool, id)
    await inTransaction(pool, async (client) => {
      const owner = tenant === null ? { sub: caller } : { sub: caller, tenant }
      const { isCancelled } = await cancelInvocation(client, id, { caller: owner, correlationId })
      if (!isCancelled) throw new Problem('already_begun', 409, 'Its function was called already, or it has ended.')
      const action = endpoints.cancelInvocation.change
      await appendAudit(client, { actor, action, subject: id, tenant, detail: body })
      // For its callback, where it has one, and for whoever waits for its end.
      await client.query(`notify ${OUTBOX_CHANNEL}, 'callbacks'`)
      await client.query('select pg_notify($1, $2)', [INVOCATIONS_CHANNEL, id])
    })
    return undefined
  }),
]

async function find(pool: pg.Pool, id: string): Promise<ShownInvocation> {
  const found = await showInvocation(pool, id)
  if (found) return found
  throw new Problem('not_found', 404, 'There is no asynchronous call of this id, or it is forgotten.')
}

function describe({ answerHeaders, answerBody, target, ...shown }: ShownInvocation) {
  const isText = answerBody !== null && answerBody.length <= MAX_BODY_BYTES && isUtf8(answerBody)
  const response =
    shown.status === null
      ? null
      : {
          ...{ status: shown.status, headers: answerHeaders ?? {}, bytes: answerBody?.length ?? null },
          body: isText ? redactSecrets(answerBody.toString()) : null,
        }
  return { ...shown, target: redactSecrets(target), response }
}
