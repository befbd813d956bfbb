import * as z from 'zod'

/** What several endpoints of the admin API have. */
export const Time = z.iso.datetime({ offset: true })
export const Tenant = z
  .string()
  .regex(
    /^[A-Za-z0-9][A-Za-z0-9._-]{0,62}$/,
    'Must be 1 to 63 of letters, digits and . _ -, and begin with a letter or a digit',
  )
export const Name = z.string().regex(/^[\w.:-]{1,64}$/, 'Must be 1 to 64 of letters, digits and _ . : -')
export const Id = z.object({ id: z.uuid() })
/** As the text of a query. */
export const Flag = z.stringbool({ truthy: ['true'], falsy: ['false'] })
export const Text = z.string().max(300).optional()
/** How many rows of a list, as the text of a query. */
export const pageSize = (max: number) => z.coerce.number().int().min(1).max(max).default(50)
