import { event } from 'ebb/contract'
import * as z from 'zod'

export const Note = z
  .object({
    id: z.uuid(),
    text: z.string().trim().min(1).max(200).meta({ example: 'Water the plants' }),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Note' })

/** A note was created. */
export const noteCreated = event({ type: 'note.created', data: Note, summary: 'A note was created.' })
