import * as z from 'zod'
import { MAX_PROFILE_SECONDS } from '../profiles/profile.ts'
import { adminEndpoint } from './admin-endpoint.ts'

export const profileFunction = adminEndpoint({
  ...{ name: 'functions.profile', method: 'POST', path: '/v1/functions/{name}/profiles' },
  params: z.object({ name: z.string().max(100) }),
  summary: 'Profile a live instance of a function for some seconds, where EBB_PROFILES allows it.',
  description: 'The reply comes at the end. `profile` is what Chrome DevTools opens, saved as `file`.',
  body: z.strictObject({
    kind: z.enum(['cpu', 'heap']).default('cpu'),
    seconds: z.int().min(1).max(MAX_PROFILE_SECONDS).default(10),
    as: z.enum(['profile', 'flame']).default('profile'),
  }),
  reply: {
    status: 200,
    body: z.object({
      kind: z.enum(['cpu', 'heap']),
      file: z.string(),
      profile: z.unknown().optional(),
      unit: z.enum(['ms', 'bytes']),
      total: z.number().describe('Of all `self`; idle time is none of it.'),
      flame: z
        .unknown()
        .optional()
        .describe(
          'Calls as `{ name, place, self, total, children }`, where `place` is file and line, and `children` are the same.',
        ),
    }),
  },
  failures: { not_found: 404, profiles_off: 409, profile_running: 409 },
  change: 'function.profiled',
})
