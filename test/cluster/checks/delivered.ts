import { newCaller, newProduct, placeOrder } from '../callers.ts'
import type { Check } from '../context.ts'
import { untilDelivered } from '../events.ts'
import { untilZero } from './scale-to-zero.ts'

/** An order by API key; its event reaches a subscriber, from zero where there is zero, and is delivered. */
export const delivered: Check = {
  name: 'order, event, confirm-order, delivered',
  run: async (context) => {
    const caller = await newCaller(context)
    const sku = await newProduct(caller)
    if (context.options.engine === 'knative') await untilZero(context.kubectl, 'confirm-order')
    const before = (await context.kubectl.podsOfFunction('confirm-order')).length
    const beganAt = Date.now()
    const response = await placeOrder(caller, sku)
    if (response.status !== 201) throw new Error(`answered ${response.status}: ${await response.text()}`)
    const { id } = (await response.json()) as { id: string }
    const answeredAt = Date.now()
    const [event] = await untilDelivered(context, [id])
    const deliveredAt = Date.now()
    const read = await caller.call('GET', `/v1/orders/${id}`)
    const { state } = (await read.json()) as { state: string }
    if (read.status !== 200 || state !== 'confirmed') throw new Error(`the order answers ${read.status}, ${state}`)
    const attempts = event?.deliveries.map(({ consumer, attempts }) => `${consumer} in ${attempts} attempt(s)`)
    return `201 in ${answeredAt - beganAt} ms, ${attempts} within ${deliveredAt - answeredAt} ms, from ${before} pods; order confirmed`
  },
}
