import { event } from 'ebb/contract'
import * as z from 'zod'

/** A picture that somebody uploads. */
export const Upload = z
  .object({
    id: z.uuid(),
    name: z.string().min(1).max(200).meta({ example: 'lamp.png' }),
    type: z.enum(['image/png', 'image/jpeg', 'image/webp']),
    bytes: z.int().min(1).max(20_000_000).meta({ example: 48_213 }),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .describe('Of the content, in hexadecimal.')
      .meta({ example: '9f86d081884c7d659a2feaa0c55ad015a3bf4f1b2b0b822cd15d6c15b0f00a08' }),
    state: z.enum(['pending', 'stored']),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'Upload' })

/** What the platform says of an object that is in the store. */
export const StoredObject = z
  .object({
    id: z.uuid(),
    type: z.string(),
    bytes: z.int().min(0),
    sha256: z.string().nullable().describe('Of the content, in hexadecimal; null where it was uploaded in parts.'),
    storedAt: z.iso.datetime(),
  })
  .meta({ id: 'StoredObject' })

/** An object is in the store, and the row of whoever stored it is committed. */
export const objectStored = event({
  type: 'object.stored',
  data: StoredObject,
  summary: 'An object is in the store, and the row of whoever stored it is committed.',
})
