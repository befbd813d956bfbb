import { newBatch, newCaller, writeEntry } from '../callers.ts'
import { ebbCanary, stateOf } from '../canary-command.ts'
import { buildVariants, imageOf, SUBSCRIBER, type VariantName } from '../canary-images.ts'
import type { Check } from '../context.ts'
import { untilDelivered } from '../events.ts'

const EVENTS_PER_SECOND = 5

/** A subscriber's new revision fails half of its events: it is aborted, and each event is delivered all the same. */
export const subscriberCanary: Check = {
  name: 'canary of a subscriber',
  run: async (context) => {
    const variant: VariantName = 'events-fail'
    await buildVariants(context, [variant])
    const caller = await newCaller(context)
    const batch = newBatch()
    const entries: string[] = []
    let running = true
    const writing = (async () => {
      while (running) {
        const response = await writeEntry(caller, batch)
        if (response.status !== 201) throw new Error(`a write answered ${response.status}: ${await response.text()}`)
        entries.push(((await response.json()) as { id: string }).id)
        await new Promise((resolve) => setTimeout(resolve, 1_000 / EVENTS_PER_SECOND))
      }
    })()
    const beganAt = Date.now()
    const started = await ebbCanary(context, [
      'start',
      SUBSCRIBER,
      '--image',
      imageOf(context, variant),
      '--steps',
      '20,50',
    ])
    running = false
    await writing
    context.log(started.output)
    const ended = await stateOf(context, SUBSCRIBER)
    if (ended?.state !== 'aborted') throw new Error(`it is ${ended?.state}: ${started.output}`)
    await untilDelivered(context, entries)
    const seconds = ((Date.now() - beganAt) / 1_000).toFixed(0)
    return `aborted after ${ended.canary.requests} deliveries to it; all of ${entries.length} events delivered in ${seconds} s`
  },
}
