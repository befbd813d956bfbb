import { afterAll, beforeAll, expect, it } from '@jest/globals'
import { Stripe } from 'stripe'
import { copyCheckout } from '../support/checkout.ts'
import { startEbb, type TestEbb } from '../support/ebb.ts'
import { untilTrue } from '../support/until.ts'

const SECRET = 'whsec_of_this_test'
const index = `
  import { serve } from 'ebb/http'
  import handler from './handler.ts'
  serve(handler)`
const FILES: Readonly<Record<string, string>> = {
  'domain/migrations/0090.do.bills.sql': 'create table bills (session text not null, at timestamptz default now());',
  'functions/receive-hook/index.ts': index,
  'functions/receive-hook/contract.ts': `
    import { receive } from 'ebb/contract'
    import * as z from 'zod'
    export default receive({
      name: 'receive-hook', summary: 'A test.', path: '/v1/hook', provider: 'stripe', signedBy: ['HOOK_SECRET'],
      events: { 'bill.paid': z.object({ session: z.string() }) },
      emits: { 'bill.paid': z.object({ session: z.string() }) },
    })`,
  'functions/receive-hook/handler.ts': `
    import { postgres } from 'ebb/data'
    import { implement } from 'ebb/http'
    import contract from './contract.ts'
    export default implement(contract, { sql: postgres }, ({ data }, { emit }) => emit('bill.paid', data.payload))`,
  'functions/note-bill/index.ts': index,
  'functions/note-bill/contract.ts': `
    import { event, subscriber } from 'ebb/contract'
    import * as z from 'zod'
    const billPaid = event({ type: 'bill.paid', data: z.object({ session: z.string() }) })
    export default subscriber({ name: 'note-bill', summary: 'A test.', on: billPaid })`,
  'functions/note-bill/handler.ts': `
    import { postgres } from 'ebb/data'
    import { implement } from 'ebb/http'
    import contract from './contract.ts'
    export default implement(contract, { sql: postgres }, async ({ data }, { sql }) => {
      await sql\`insert into bills (session) values (\${data.session})\`
    })`,
  'functions/list-bills/index.ts': index,
  'functions/list-bills/contract.ts': `
    import { endpoint } from 'ebb/contract'
    import * as z from 'zod'
    export default endpoint({
      name: 'list-bills', summary: 'A test.', method: 'GET', path: '/v1/bills', access: { anonymous: true },
      reply: { status: 200, body: z.object({ sessions: z.array(z.string()) }) },
    })`,
  'functions/list-bills/handler.ts': `
    import { postgres } from 'ebb/data'
    import { implement } from 'ebb/http'
    import contract from './contract.ts'
    export default implement(contract, { sql: postgres }, async (_input, { sql }) => ({
      sessions: (await sql<{ session: string }>\`select session from bills order by session\`).map(({ session }) => session),
    }))`,
}

let ebb: TestEbb
let remove: () => Promise<void>
beforeAll(async () => {
  const checkout = await copyCheckout(FILES)
  remove = checkout.remove
  ebb = await startEbb({ root: checkout.root, env: { HOOK_SECRET: SECRET, EBB_IDLE_MS: '600000' } })
})
afterAll(async () => {
  await ebb.stop()
  await remove()
})

const hook = (session: string, secret = SECRET) => {
  const body = JSON.stringify({ id: `evt_${session}`, type: 'bill.paid', session })
  const signature = Stripe.webhooks.generateTestHeaderString({ payload: body, secret })
  return ebb.call('POST', '/v1/hook', { key: '', headers: { 'stripe-signature': signature }, body })
}
const startsOf = async (name: string) => (await ebb.functions()).find((one) => one.name === name)?.coldStarts
const sessions = async () =>
  ((await (await ebb.call('GET', '/v1/bills')).json()) as { readonly sessions: readonly string[] }).sessions
const gatewayPid = () =>
  ebb.events.findLast(({ event, part }) => event === 'start' && part === 'gateway')?.pid as number

it('403 forgeries, which start no function', async () => {
  const answers = await Promise.all(Array.from({ length: 30 }, (_, i) => hook(`${i}`, `whsec_guess_${i}`)))
  expect(answers.map(({ status }) => status)).toEqual(Array(30).fill(403))
  expect(await startsOf('receive-hook')).toBe(0)
  expect(await ebb.metrics()).toContain(
    'ebb_webhooks_received_total{receiver="receive-hook",provider="stripe",outcome="forged"} 30',
  )
})

it('202 each takes effect once, sent again as a provider does, while the gateway is killed', async () => {
  const all = Array.from({ length: 12 }, (_, i) => `s${String(i).padStart(2, '0')}`)
  const deliver = async (session: string) => {
    for (;;) {
      const status = await hook(session).then(
        ({ status }) => status,
        () => 0,
      )
      if (status === 202) return
    }
  }
  for (const [i, session] of all.entries()) {
    const sent = deliver(session)
    if (i % 5 === 4) process.kill(gatewayPid(), 'SIGKILL')
    await sent
    await deliver(session)
  }
  await untilTrue(async () => (await sessions()).length >= all.length, { what: 'every bill is noted' })
  await untilTrue(async () => (await ebb.metrics()).includes('ebb_webhooks_received_total'), {
    what: 'the gateway is up',
  })
  expect(await sessions()).toEqual(all)
  expect(await startsOf('receive-hook')).toBe(1)
})
