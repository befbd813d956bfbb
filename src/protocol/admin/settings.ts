import * as z from 'zod'
import { adminEndpoint } from './admin-endpoint.ts'
import { Time } from './admin-schemas.ts'

export const listSettings = adminEndpoint({
  ...{ name: 'settings.list', method: 'GET', path: '/v1/settings' },
  summary: 'List the settings in force at this gateway; of secrets, only whether they are set.',
  reply: {
    status: 200,
    body: z.object({
      gateway: z.string(),
      settings: z.array(
        z.object({
          name: z.string(),
          value: z.string().nullable().describe('Null where it is not set; `[redacted]` where it is secret.'),
          from: z
            .enum(['default', 'environment', 'file', 'ebb'])
            .describe('Where it comes from: `file` is that of NAME_FILE, `ebb` what has started the gateway.'),
          secret: z.boolean(),
          live: z.boolean().describe('Whether it follows its file while the gateway runs.'),
        }),
      ),
    }),
  },
})

export const listGateways = adminEndpoint({
  ...{ name: 'gateways.list', method: 'GET', path: '/v1/gateways' },
  summary: 'List the gateways that answer here: this one, or all of them behind the console of a cluster.',
  reply: {
    status: 200,
    body: z.object({
      gateways: z.array(
        z.object({
          name: z.string(),
          version: z.string().describe('Of Ebb.'),
          revision: z.string().describe('Which build it is (EBB_REVISION).'),
          startedAt: Time,
          contracts: z.string().describe('The file of its contracts, whose name has the hash of its content.'),
          contractsLoadedAt: Time,
        }),
      ),
    }),
  },
})
