import { randomUUID } from 'node:crypto'
import { Problem } from 'ebb/contract'
import type { Caller, ClaimedWebhook, GatewayMetrics, OwnWebhooks } from 'ebb/http/gateway'
import type pg from 'pg'
import { appendAudit, loginActor } from '../../src/data/audit.ts'
import { claimKey, storeResponse } from '../../src/data/idempotency.ts'
import { createOutboxNotifier } from '../../src/data/outbox.ts'
import { transactWithTimeout } from '../../src/data/postgres/transact-with-timeout.ts'
import {
  changeWebhook,
  findWebhook,
  insertWebhook,
  listWebhooks,
  readSealedSecret,
  rotateWebhookSecret,
  setWebhookState,
  type Webhook,
  type WebhookOwner,
} from '../../src/data/webhooks/webhook.ts'
import {
  findWebhookDelivery,
  listWebhookDeliveries,
  redeliver,
  sendTest,
  type WebhookDeliveryState,
} from '../../src/data/webhooks/webhook-deliveries.ts'
import type { WebhookSecrets } from '../../src/data/webhooks/webhook-secrets.ts'
import { createBulkhead } from './invocation-store.ts'
import { createWebhookAddressCheck } from './webhook-address.ts'

const TIMEOUT_MS = 2_000
/** More would not be served in time, and are refused at once. */
const MAX_WAITING = 50

export interface WebhookStoreOptions extends Pick<GatewayMetrics, 'shed'> {
  readonly secrets: WebhookSecrets
  /** Webhooks of one caller. */
  readonly maxWebhooks: number
  /** `address:port` that may be called although they are not public, and by plain HTTP. */
  readonly also: readonly string[]
  /** Requests that use the database at a time. */
  readonly maxRunning: number
}

/** The webhooks of callers, in the database. Where that does not answer, callers get a Problem 503 in time. */
export function createWebhookStore(
  pool: pg.Pool,
  { secrets, maxWebhooks, also, maxRunning, shed }: WebhookStoreOptions,
): OwnWebhooks {
  const requireAddress = createWebhookAddressCheck(also)
  const outbox = createOutboxNotifier(pool)
  const overflow = () => {
    shed('webhooks')
    return unavailable()
  }
  const withSlot = createBulkhead({ maxRunning, maxWaiting: MAX_WAITING, overflow })
  const transact = async <Result>(work: (client: pg.ClientBase) => Promise<Result>): Promise<Result> => {
    try {
      return await withSlot(AbortSignal.timeout(TIMEOUT_MS), () => transactWithTimeout(pool, TIMEOUT_MS, work))
    } catch (error) {
      throw error instanceof Problem ? error : unavailable(error)
    }
  }
  /** Runs `work` on a webhook of the owner's, as it is until the end of the transaction. */
  const withOwn = <Result>(
    owner: Caller,
    id: string,
    work: (client: pg.ClientBase, webhook: Webhook) => Promise<Result>,
    { lock = true } = {},
  ) =>
    transact(async (client) => {
      const webhook = await findWebhook(client, id, { ...ownerOf(owner), lock })
      if (!webhook) throw webhookNotFound()
      return work(client, webhook)
    })
  const audit = (client: pg.ClientBase, owner: Caller, action: string, { id, url }: Pick<Webhook, 'id' | 'url'>) =>
    appendAudit(client, {
      ...{ actor: loginActor(owner.sub), action: `webhook.${action}`, subject: owner.sub, tenant: owner.tenant },
      detail: { webhook: id, host: new URL(url).host },
    })

  /** Changes a webhook's secret once for each Idempotency-Key; a repetition is shown the secret as it is now. */
  const once = async (
    client: pg.ClientBase,
    { claim, status }: { readonly claim: Parameters<typeof claimKey>[1]; readonly status: number },
    make: () => Promise<{ readonly webhook: Webhook; readonly secret: string }>,
  ): Promise<ClaimedWebhook> => {
    const found = await claimKey(client, claim)
    if (found.status === 'in-flight' || found.status === 'mismatch') return found
    if (found.status === 'finished') {
      // What was stored below.
      const webhook = JSON.parse(String(found.response.body)) as Webhook
      const sealed = await readSealedSecret(client, webhook.id)
      const secret = sealed && secrets.open(webhook.id, sealed)
      if (secret === undefined) throw webhookNotFound()
      return { status: 'finished', webhook: { ...webhook, secret } }
    }
    const { webhook, secret } = await make()
    await storeResponse(client, claim, { status, headers: {}, body: JSON.stringify(webhook) })
    return { status: 'new', webhook: { ...webhook, secret } }
  }

  return {
    list: (owner) => transact(async (client) => (await listWebhooks(client, ownerOf(owner))).map(toJson)),
    get: (owner, id) => withOwn(owner, id, async (_client, webhook) => toJson(webhook), { lock: false }),
    create: async (owner, { description = null, ...settings }, claim) => {
      requireAddress(settings.url)
      return transact((client) =>
        once(client, { claim, status: 201 }, async () => {
          const [id, secret] = [randomUUID(), secrets.make()]
          const made = { ...settings, description, id, events: unique(settings.events) }
          const webhook = await insertWebhook(
            client,
            { ...made, sealedSecret: secrets.seal(id, secret) },
            { ...ownerOf(owner), max: maxWebhooks },
          )
          if (!webhook) throw tooManyWebhooks(maxWebhooks)
          await audit(client, owner, 'created', webhook)
          return { webhook, secret }
        }),
      )
    },
    update: async (owner, id, change) => {
      if (change.url !== undefined) requireAddress(change.url)
      return withOwn(owner, id, async (client) => {
        const events = change.events && unique(change.events)
        const webhook = await changeWebhook(client, id, { ...change, events })
        await audit(client, owner, 'changed', webhook)
        return toJson(webhook)
      })
    },
    remove: (owner, id) =>
      withOwn(owner, id, async (client) =>
        audit(client, owner, 'deleted', await setWebhookState(client, id, 'deleted')),
      ),
    setState: async (owner, id, state) => {
      const changed = await withOwn(owner, id, async (client, webhook) => {
        if (webhook.state === state) return webhook
        if (state === 'paused' && webhook.state === 'disabled') throw NOT_ACTIVE
        const next = await setWebhookState(client, id, state)
        await audit(client, owner, state === 'paused' ? 'paused' : 'resumed', next)
        return next
      })
      if (state === 'active') outbox.notify('webhooks')
      return toJson(changed)
    },
    rotate: (owner, id, { overlapSeconds, claim }) =>
      withOwn(owner, id, (client) =>
        once(client, { claim, status: 200 }, async () => {
          const secret = secrets.make()
          const sealedSecret = secrets.seal(id, secret)
          const webhook = await rotateWebhookSecret(client, id, { sealedSecret, overlapSeconds })
          await audit(client, owner, 'rotated', webhook)
          return { webhook, secret }
        }),
      ),
    test: async (owner, id, trace) => {
      const delivery = await withOwn(owner, id, async (client, { state }) => {
        if (state !== 'active') throw NOT_ACTIVE
        return findWebhookDelivery(client, id, await sendTest(client, id, trace))
      })
      outbox.notify('webhooks')
      return toDelivery(delivery)
    },
    deliveries: (owner, id, { before, state, limit }) =>
      withOwn(
        owner,
        id,
        async (client) => {
          const page = { before, states: state === undefined ? undefined : [STORED[state] ?? state], limit }
          return (await listWebhookDeliveries(client, id, page)).map(toDelivery)
        },
        { lock: false },
      ),
    delivery: (owner, id, messageId) =>
      withOwn(
        owner,
        id,
        async (client) => {
          const found = await findWebhookDelivery(client, id, messageId)
          return { ...toDelivery(found), message: JSON.parse(found?.body ?? 'null') }
        },
        { lock: false },
      ),
    redeliver: async (owner, id, messageId) => {
      const delivery = await withOwn(owner, id, async (client) => {
        toDelivery(await findWebhookDelivery(client, id, messageId))
        if (!(await redeliver(client, id, messageId))) throw IN_PROGRESS
        return findWebhookDelivery(client, id, messageId)
      })
      outbox.notify('webhooks')
      return toDelivery(delivery)
    },
  }
}

const ownerOf = ({ sub, tenant }: Caller): WebhookOwner => ({ subject: sub, tenant: tenant ?? null })

const unique = (events: readonly string[]) => [...new Set(events)]

const toJson = (webhook: Webhook) => ({ ...webhook })

/** The states of the store in the words of the API, and back. */
const STATES = { waiting: 'waiting', leased: 'sending', done: 'done', dead: 'failed' } as const
const STORED: Readonly<Record<string, string>> = Object.fromEntries(
  Object.entries(STATES).map(([stored, name]) => [name, stored]),
)

/** Throws a Problem 404 where there is none. */
function toDelivery(found: WebhookDeliveryState | undefined) {
  if (!found) throw new Problem('not_found', 404, 'This webhook has no delivery of this id.')
  const { id, type, attempts, nextAttemptAt, createdAt, settledAt } = found
  return { id, type, state: STATES[found.state], attempts, nextAttemptAt, createdAt, settledAt }
}

/** One sentence for both cases: it must not reveal that another caller's webhook exists. */
const webhookNotFound = () => new Problem('not_found', 404, 'You have no webhook of this id.')

const tooManyWebhooks = (max: number) =>
  new Problem('too_many_webhooks', 409, `You have ${max} webhooks, and may have no more; delete one first.`)

const NOT_ACTIVE = new Problem('not_active', 409, 'This webhook is not active; resume it first.')
const IN_PROGRESS = new Problem('in_progress', 409, 'This delivery is being sent right now.')

const unavailable = (cause?: unknown) =>
  new Problem('unavailable', 503, 'Webhooks cannot be read or changed; retry later.', { cause, retryAfterSeconds: 2 })
