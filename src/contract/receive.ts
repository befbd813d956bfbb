import * as z from 'zod'
import { checkReceive } from './check-receive.ts'
import type { Exact } from './endpoint.ts'
import { PLATFORM_TYPES } from './event.ts'
import type { ReceiveContract, ReceivedWebhook, ReceiveShape } from './receive-shape.ts'

/**
 * Declares what a provider's webhooks lead to: the gateway checks their signatures and stores each once, and the handler takes it
 * as an event. Throws a {@link ContractError}, one sentence that says what to write instead, where the contract contradicts itself.
 * @example
 * export default receive({
 *   name: 'receive-stripe-webhook',
 *   summary: 'Take what Stripe says.',
 *   path: '/v1/webhooks-in/stripe',
 *   provider: 'stripe',
 *   signedBy: ['STRIPE_WEBHOOK_SECRET'],
 *   events: { 'charge.succeeded': z.object({ data: z.object({ object: z.object({ amount: z.int() }) }) }) },
 * })
 * @see docs/guide/40-webhooks-in.md
 */
export function receive<const C extends ReceiveShape>(contract: Exact<C, ReceiveShape>): ReceiveContract<C> {
  checkReceive(contract)
  return Object.freeze({ ...(contract as C), kind: 'receive' as const, on: webhookEvent<C>(contract) })
}

/**
 * The schema of a payload that is taken as it comes, all of it, as the type that the provider publishes: nothing but that it is
 * an object is checked. A schema of the parts that the handler reads is the stricter choice.
 * @example const events = { push: payload<{ ref: string }>() }
 * @see docs/guide/40-webhooks-in.md
 */
export const payload = <Type extends object>(): z.ZodType<Type, Type> =>
  // It is what the provider says that it sends: no check stands behind the type.
  z.record(z.string(), z.unknown()) as unknown as z.ZodType<Type, Type>

function webhookEvent<C extends ReceiveShape>({ name, events }: ReceiveShape): ReceivedWebhook<C> {
  const type = `${PLATFORM_TYPES}${name.replaceAll('-', '_')}.received`
  const ofEvent = ([event, schema]: readonly [string, z.ZodType]) =>
    z.object({ id: z.string(), event: z.literal(event), receivedAt: z.iso.datetime(), payload: schema })
  const [first, ...others] = Object.entries(events).map(ofEvent)
  if (!first) throw new TypeError('checkReceive has let a contract without events pass')
  const data = z.discriminatedUnion('event', [first, ...others])
  // Each option was made for one of the events, with the schema that the contract has for it.
  return Object.freeze({
    kind: 'event',
    type,
    data,
    summary: `A webhook for ${name} has come.`,
  }) as unknown as ReceivedWebhook<C>
}
