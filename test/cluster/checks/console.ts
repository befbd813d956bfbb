import { randomUUID } from 'node:crypto'
import type { AdminEndpoint, AdminOutput } from '../../../src/protocol/admin/admin-endpoint.ts'
import { listDead, redriveEvents } from '../../../src/protocol/admin/events.ts'
import { listFunctions } from '../../../src/protocol/admin/gateway.ts'
import { listAudit } from '../../../src/protocol/admin/records.ts'
import { listRequests } from '../../../src/protocol/admin/requests.ts'
import { listGateways } from '../../../src/protocol/admin/settings.ts'
import { untilTrue } from '../../support/until.ts'
import { newCaller } from '../callers.ts'
import type { Check, Context } from '../context.ts'
import { isReady } from '../kubectl.ts'
import type { Answer, OperatorBrowser } from '../operator-browser.ts'
import { NO_WAY, probeIn } from '../probe-pod.ts'
import { withConsole } from '../with-console.ts'

const REQUESTS = 60
const SUBSCRIBER = 'refuse-line'

/** Operators log in at an issuer, and see and mend what all gateways know; nobody else does. */
export const operatorsConsole: Check = {
  name: 'operators use the console behind a login',
  run: async (context) => {
    const { browser, close } = await withConsole(context)
    try {
      await refuseOthers(browser())
      const operator = browser()
      const login = await operator.logIn('ola')
      if (login.status !== 200) throw new Error(`an operator's login was answered ${login.status}: ${login.text}`)
      const figures = [
        await seeAllGateways(context, operator),
        await mendDeadLetter(context, operator),
        await reachOnlyGateways(context),
      ]
      return figures.join('; ')
    } finally {
      await close()
    }
  },
}

/** Without a login, and with one that lacks the scope. */
async function refuseOthers(stranger: OperatorBrowser) {
  const before = await stranger.call('/v1/keys')
  const refused = await stranger.logIn('ada')
  const after = await stranger.call('/v1/keys')
  const statuses = [before, refused, after].map(({ status }) => status).join()
  if (statuses !== '401,403,401' || refused.body.message !== 'Your login lacks the scope ebb:admin.')
    throw new Error(`whoever is no operator was answered ${statuses}: ${refused.text}`)
}

/** Requests that came to different gateways are one list, and so are functions. */
async function seeAllGateways(context: Context, operator: OperatorBrowser): Promise<string> {
  const pods = (await context.kubectl.podsOf('gateway')).map(({ metadata }) => metadata.name).sort()
  const { gateways } = await ask(operator, listGateways)
  // A gateway is named after its pod, and by what tells its processes apart.
  const names = gateways.map(({ name }) => name.replace(/-[^-]*$/, '')).sort()
  if (names.join() !== pods.join()) throw new Error(`the gateways are ${pods}, and the console lists ${names}`)

  const caller = await newCaller(context)
  const ids = Array.from({ length: REQUESTS }, () => `e2e-${randomUUID()}`)
  for (const id of ids) {
    const headers = { 'x-correlation-id': id, connection: 'close' }
    const response = await caller.call('GET', '/v1/conformance/batches/SPRING', { headers })
    await response.arrayBuffer()
    if (response.status !== 200) throw new Error(`answered ${response.status}`)
  }
  const answer = await operator.call<AdminOutput<typeof listRequests>>(
    `${listRequests.path}?function=conformance-look&limit=200`,
  )
  const seen = answer.body.requests.filter(({ correlationId }) => ids.includes(correlationId))
  const by = new Set(seen.map(({ gateway }) => gateway))
  if (seen.length !== REQUESTS || by.size !== pods.length || answer.headers['ebb-gateways-missing'] !== '0')
    throw new Error(`${seen.length} of ${REQUESTS} requests are listed, from ${by.size} of ${pods.length} gateways`)
  const functions = await ask(operator, listFunctions)
  const look = functions.find(({ name }) => name === 'conformance-look')
  if (!look?.requests) throw new Error(`conformance-look is listed with ${look?.requests} requests`)
  return `${seen.length} requests by ${by.size} gateways are one list, ${functions.length} functions`
}

/** A dead letter is found, edited and redriven, and the audit says who did it. */
async function mendDeadLetter(context: Context, operator: OperatorBrowser): Promise<string> {
  const caller = await newCaller(context)
  const written = await caller.call('POST', '/v1/conformance/lines', {
    ...{
      headers: { 'content-type': 'application/x-ndjson' },
      text: `${JSON.stringify({ batch: 'REFUSED', quantity: 1 })}\n`,
    },
  })
  const correlation = written.headers.get('x-correlation-id')
  if (written.status !== 200) throw new Error(`a line was answered ${written.status}: ${await written.text()}`)
  const findDead = async () =>
    (await ask(operator, listDead, `?consumer=${SUBSCRIBER}`)).deliveries.find(
      ({ correlationId }) => correlationId === correlation,
    )
  await untilTrue(async () => (await findDead()) !== undefined, { limitMs: 120_000, what: 'a dead letter' })
  const { eventId, status, error } = (await findDead()) ?? {}
  if (status !== 422) throw new Error(`the dead letter has the status ${status}: ${error}`)

  const data = { batch: 'TAKEN', quantity: 1 }
  const path = `/v1/events/${eventId}/deliveries/${SUBSCRIBER}/data`
  mustBe(204, await operator.call(path, { method: 'PUT', json: { data } }))
  mustBe(200, await operator.call(redriveEvents.path, { json: { id: eventId, consumer: SUBSCRIBER } }))
  await untilTrue(async () => (await findDead()) === undefined, { limitMs: 120_000, what: 'the redrive' })
  const { entries } = await ask(operator, listAudit, '?limit=20')
  const mine = entries.filter(({ actor }) => actor === 'admin ola').map(({ action }) => action)
  for (const action of ['event.edited', 'event.redriven'])
    if (!mine.includes(action))
      throw new Error(`the audit of ola has ${mine.join(', ') || 'nothing'}, and no ${action}`)
  return 'a dead letter was found, edited and redriven, by the audit by ola'
}

/** What the console's own pod reaches. */
async function reachOnlyGateways({ kubectl, options }: Context): Promise<string> {
  const [pod] = (await kubectl.podsOf('console')).filter(isReady)
  const [gateway] = (await kubectl.podsOf('gateway')).filter(isReady)
  const found = await probeIn(
    { kubectl, pod: pod?.metadata.name ?? '', container: 'console' },
    {
      admin: `${gateway?.status?.podIP}:8081`,
      ...{ gateway: `${gateway?.status?.podIP}:8080`, postgres: `${options.release}-postgres:5432` },
      redis: `${options.release}-redis:6379`,
    },
  )
  const { admin, ...others } = found
  const figures = Object.entries(found)
    .map((pair) => pair.join(' '))
    .join(', ')
  if (admin !== 'connected' || !Object.values(others).every((what) => NO_WAY.test(what))) throw new Error(figures)
  return `from its pod: ${figures}`
}

async function ask<E extends AdminEndpoint>(operator: OperatorBrowser, { path }: E, query = '') {
  const answer = await operator.call<AdminOutput<E>>(path + query)
  mustBe(200, answer)
  return answer.body
}

function mustBe(status: number, answer: Answer) {
  if (answer.status !== status) throw new Error(`the console answered ${answer.status}: ${answer.text.slice(0, 300)}`)
}
