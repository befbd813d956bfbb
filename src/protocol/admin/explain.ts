import * as z from 'zod'
import { type AdminOutput, adminEndpoint } from './admin-endpoint.ts'

const Decision = z.enum(['passes', 'answers', 'unknown', 'unexplained'])

/** What the steps of a gateway say of a request that is not sent. */
const Explained = z.object({
  method: z.string(),
  target: z.string(),
  route: z.string().nullable().describe('The route that it was found to be for.'),
  steps: z.array(
    z.object({
      step: z.string(),
      decision: Decision.describe(
        '`passes` it on, or `answers` it; `unknown` is what only a request itself could tell; `unexplained` is a step that says nothing, and is taken to pass it on.',
      ),
      why: z.string(),
      facts: z.record(z.string(), z.unknown()).optional(),
    }),
  ),
  outcome: z
    .object({
      status: z.int(),
      error: z.string().nullable().describe('The code of a refusal.'),
      by: z.string().describe('The step that answers.'),
    })
    .nullable()
    .describe('What this gateway itself would answer; null where it would forward the request, or cannot know.'),
  forwardsTo: z.string().nullable().describe('The address that the request would be sent to.'),
})

const HeaderValue = z.union([z.string(), z.array(z.string()).max(100)])

/** A request that is to be explained. */
export const RequestToExplain = z.strictObject({
  method: z.string().regex(/^[A-Z]{1,20}$/, 'Must be a method, such as GET'),
  target: z
    .string()
    .regex(/^\/[\x21-\x7e]*$/, 'Must be a path with its query, such as /v1/users?limit=5')
    .max(8_192),
  headers: z.record(z.string().regex(/^[!#$%&'*+.^_`|~\w-]{1,100}$/, 'Must be a header name'), HeaderValue).default({}),
  body: z.string().max(1_048_576).optional(),
  address: z.string().max(100).optional().describe('Of the client. Default: 127.0.0.1.'),
})
export type RequestToExplain = Readonly<z.output<typeof RequestToExplain>>

export const explainRequest = adminEndpoint({
  ...{ name: 'requests.explain', method: 'POST', path: '/v1/explain' },
  summary: 'Explain what each step of this gateway would do with a request. Nothing is sent, counted or stored.',
  body: RequestToExplain,
  maxBodyBytes: 4 * 1_048_576,
  reply: { status: 200, body: Explained },
})
export type Explained = AdminOutput<typeof explainRequest>
