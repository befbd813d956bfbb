import { event } from 'ebb/contract'
import * as z from 'zod'

export const Entry = z.object({ id: z.uuid(), name: z.string().max(40) }).meta({ id: 'Entry' })

export const entryKept = event({ type: 'entry.kept', data: Entry, summary: 'An entry was kept.' })
