import { event } from 'ebb/contract'
import * as z from 'zod'

export const Visit = z.object({ id: z.uuid(), page: z.string().min(1).max(80), mark: z.string() }).meta({ id: 'Visit' })

export const visitCounted = event({ type: 'visit.counted', data: Visit, summary: 'A visit was counted.' })
