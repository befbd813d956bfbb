import { event } from 'ebb/contract'
import * as z from 'zod'

export const Note = z
  .object({
    id: z.uuid(),
    title: z.string().trim().min(1).max(80).meta({ example: 'Milk' }),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Note' })

/** A note was written. */
export const noteCreated = event({ type: 'note.created', data: Note, summary: 'A note was written.' })
