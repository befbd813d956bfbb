import * as z from 'zod'
import { DEFAULT_REQUESTS, DEFAULT_SECONDS, DEFAULT_STEPS, MAX_SHARE } from '../canary/steps.ts'
import { adminEndpoint } from './admin-endpoint.ts'
import { Time } from './admin-schemas.ts'

const Params = z.object({ name: z.string().max(100) })

const Counted = z.object({
  requests: z.int(),
  failures: z.int().describe('Without an answer, or with a status of 500 and more; of an event, any but a success.'),
  undeclared: z
    .int()
    .describe('With a status that the contract does not have, an error that nobody has declared (500) among them.'),
  refusals: z.int().describe('With a status from 400 to 499.'),
  checked: z.int().describe('Whose body was compared with the contract.'),
  broken: z.int().describe('Of those, how many do not fit.'),
  coldStarts: z.int(),
  coldMs: z.int().nullable().describe('How long these waited, on average.'),
  ms: z.object({ p50: z.int().nullable(), p90: z.int().nullable() }).describe('Of all that waited for no start.'),
})

const Shadow = z.object({
  compared: z.int().describe('Reads that were copied to it, and answered by both revisions.'),
  differs: z
    .int()
    .describe('Of those, how many it answers otherwise than the old revision, asked before and after it.'),
  moved: z.int().describe('Of those, how many the old revision itself has answered otherwise the second time.'),
  failed: z.int().describe('Copies without an answer.'),
  dropped: z.int().describe('Reads that were not copied, or not compared, since there was no room for that.'),
  ...{ calls: z.int().describe('That no caller has asked for.'), ms: z.int().describe('How long those took in all.') },
  differences: z
    .array(z.object({ what: z.string(), times: z.int() }))
    .describe('Where its answers differ, and how, without any value: the most frequent first.'),
})

const Canary = z.object({
  name: z.string().describe('Of the function.'),
  image: z.string().describe('Of the new revision.'),
  state: z
    .enum(['running', 'passed', 'aborted', 'promoted'])
    .describe('Passed: nothing was worse, and it can be promoted. Aborted: nobody is sent to it any more.'),
  why: z.string().describe('One sentence.'),
  share: z.number().describe('Of the callers, in percent; 0 while reads are copied to it.'),
  ...{ steps: z.array(z.number()), step: z.int().describe('From 0.') },
  byHeader: z.boolean().describe('Whether callers may choose by `Ebb-Variant`.'),
  mayDiffer: z.array(z.string()).describe('The paths of replies that it may answer otherwise.'),
  shadow: Shadow.nullable().describe('What was found in copied reads; null where none were to be copied.'),
  ...{ startedBy: z.string(), startedAt: Time, endedAt: Time.nullable() },
  ...{ stable: Counted, canary: Counted },
  evidence: z
    .array(z.object({ question: z.string(), value: z.number(), limit: z.number() }))
    .describe('How many times likelier what was seen is if the new revision is worse, and from when on it is aborted.'),
})

export const listCanaries = adminEndpoint({
  ...{ name: 'canaries.list', method: 'GET', path: '/v1/canaries' },
  summary: 'List the canaries: what all gateways and relays have counted of both revisions, and how that is judged.',
  reply: { status: 200, body: z.object({ canaries: z.array(Canary) }) },
})

export const startCanary = adminEndpoint({
  ...{ name: 'canaries.start', method: 'PUT', path: '/v1/canaries/{name}', params: Params },
  summary: 'Send a share of the callers of a function to a new revision, which answers as `canary-NAME` already.',
  body: z.strictObject({
    image: z.string().min(1).max(500),
    steps: z
      .array(z.int().min(0).max(MAX_SHARE))
      .min(1)
      .max(10)
      .refine(
        (steps) => !steps.slice(1).includes(0),
        'Only the first step can be 0: reads are copied before it has callers.',
      )
      .default([...DEFAULT_STEPS])
      .describe(
        'The shares that it gets one after the other, in percent. With 0, as the first, reads are copied to it.',
      ),
    requests: z.int().min(1).max(100_000).default(DEFAULT_REQUESTS).describe('To it, of each step.'),
    seconds: z.int().min(0).max(86_400).default(DEFAULT_SECONDS).describe('That each step lasts at least.'),
    byHeader: z.boolean().default(false).describe('Whether callers may choose by `Ebb-Variant: canary` or `stable`.'),
    mayDiffer: z
      .array(z.string().min(1).max(200))
      .max(50)
      .default([])
      .describe('The paths of replies that it may answer otherwise, such as `items.*.score`.'),
  }),
  reply: { status: 200, body: z.object({ name: z.string() }) },
  failures: { not_found: 404, canary_running: 409, no_reads: 409 },
  change: 'canary.start',
})

export const abortCanary = adminEndpoint({
  ...{ name: 'canaries.abort', method: 'POST', path: '/v1/canaries/{name}/abort', params: Params },
  summary: 'Send nobody to the new revision any more.',
  reply: { status: 200, body: z.object({ name: z.string() }) },
  failures: { not_found: 404 },
  change: 'canary.abort',
})

export const promoteCanary = adminEndpoint({
  ...{ name: 'canaries.promote', method: 'POST', path: '/v1/canaries/{name}/promote', params: Params },
  summary: 'End a canary: its revision is the function itself by now.',
  reply: { status: 200, body: z.object({ name: z.string() }) },
  failures: { not_found: 404 },
  change: 'canary.promote',
})
