import * as z from 'zod'
import { adminEndpoint } from './admin-endpoint.ts'

const MAX_LENGTH = 8_000
const Value = z.string().min(1).max(MAX_LENGTH).optional()

export const purgeCache = adminEndpoint({
  ...{ name: 'cache.purge', method: 'POST', path: '/v1/cache/purge' },
  summary: 'Have all gateways forget stored responses, of all callers: by one of tag, route and URL.',
  description: 'It is in the database when this is answered, and done within 100 ms as a rule.',
  body: z
    .strictObject({
      tag: Value,
      route: Value.describe('The name of a function or a proxy.'),
      url: Value.describe('Path and query, or the whole of it.'),
    })
    .refine((given) => Object.keys(given).length === 1, 'Must have one of tag, route and url'),
  reply: { status: 204 },
  change: 'cache.purged',
})
