import { newBatch, newCaller, writeEntry } from '../callers.ts'
import type { Check } from '../context.ts'
import { eventsAbout, untilDelivered } from '../events.ts'
import { untilZero } from './scale-to-zero.ts'

const SUBSCRIBER = 'conformance-note'

/** A write by API key; its event reaches a subscriber, from zero where there is zero, and takes effect once. */
export const delivered: Check = {
  name: 'write, event, subscriber, delivered',
  run: async (context) => {
    const caller = await newCaller(context)
    if (context.options.engine !== 'kubernetes') await untilZero(context.kubectl, SUBSCRIBER)
    const before = (await context.kubectl.podsOfFunction(SUBSCRIBER)).length
    const beganAt = Date.now()
    const response = await writeEntry(caller, newBatch())
    if (response.status !== 201) throw new Error(`answered ${response.status}: ${await response.text()}`)
    const { id } = (await response.json()) as { id: string }
    const answeredAt = Date.now()
    const [event] = await untilDelivered(context, [id])
    const deliveredAt = Date.now()
    const read = await caller.call('GET', `/v1/conformance/entries/${id}`)
    const noted = await eventsAbout(context, 'conformance.noted', [id])
    if (read.status !== 200 || noted.length !== 1)
      throw new Error(`it answers ${read.status}, noted ${noted.length} times`)
    const attempts = event?.deliveries.map(({ consumer, attempts }) => `${consumer} in ${attempts} attempt(s)`)
    return `201 in ${answeredAt - beganAt} ms, ${attempts} within ${deliveredAt - answeredAt} ms, from ${before} pods; noted once`
  },
}
