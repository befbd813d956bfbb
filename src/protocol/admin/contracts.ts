import * as z from 'zod'
import { adminEndpoint } from './admin-endpoint.ts'
import { Time } from './admin-schemas.ts'

export const showContracts = adminEndpoint({
  ...{ name: 'contracts.show', method: 'GET', path: '/v1/contracts' },
  summary: 'Show which contracts this gateway has, since when, and why newer ones could not be loaded.',
  reply: {
    status: 200,
    body: z.object({
      file: z.string().describe('The file that the pointer names; its name has the hash of its content.'),
      loadedAt: Time,
      reloads: z.int().describe('How often they were replaced since this gateway started.'),
      failure: z.object({ at: Time, file: z.string().nullable(), message: z.string() }).nullable(),
      ...{ routes: z.int(), subscriptions: z.int(), authorizers: z.int() },
    }),
  },
})

export const readContractsData = adminEndpoint({
  ...{ name: 'contracts.data', method: 'GET', path: '/v1/contracts/data' },
  summary: 'Read the contracts that this gateway has, as `ebb contracts diff --running` compares them.',
  reply: { status: 200, body: z.unknown() },
  failures: { not_found: 404 },
})

const Differences = z.object({
  ref: z.string(),
  findings: z
    .array(
      z.object({
        where: z.string(),
        effect: z.enum(['breaks', 'note']),
        whom: z.enum(['callers', 'readers', 'deliveries']).nullable(),
        says: z.string(),
        announced: z.string().nullable().describe('The raised version that announces it.'),
      }),
    )
    .describe('What the contracts of the working tree change for those who rely on what they were at that commit.'),
  broken: z
    .array(z.object({ function: z.string(), message: z.string() }))
    .describe('The contracts of the working tree that do not load, so that those before them run.'),
})

export const diffContracts = adminEndpoint({
  ...{ name: 'contracts.diff', method: 'GET', path: '/v1/contracts/diff' },
  summary: 'Compare the contracts of the laptop with those of a commit.',
  description:
    'Only a laptop has its sources beside it. Of a cluster `ebb contracts diff --running --admin URL` tells, in a checkout.',
  query: z.strictObject({
    ref: z
      .string()
      .regex(/^[\w./@^~-]{1,200}$/, 'Must be a commit, branch or tag')
      .default('HEAD'),
  }),
  reply: { status: 200, body: Differences },
  failures: { no_checkout: 404, not_comparable: 422 },
})
export type ContractDifferences = Readonly<z.output<typeof Differences>>
