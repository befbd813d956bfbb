import { event } from 'ebb/contract'
import * as z from 'zod'

export const User = z
  .object({
    id: z.uuid(),
    email: z.email().max(254).meta({ example: 'ada@example.com' }),
    name: z.string().trim().min(1).max(100).meta({ example: 'Ada Lovelace' }),
    createdAt: z.iso.datetime(),
  })
  .meta({ id: 'User' })

export const userCreated = event({ type: 'user.created', data: User, summary: 'An account was opened.' })
