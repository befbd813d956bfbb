import { event } from 'ebb/contract'
import * as z from 'zod'

export const Thing = z.object({ id: z.uuid(), name: z.string().max(100) })

export const thingAdded = event({ type: 'thing.added', data: Thing, summary: 'A thing was added.' })
