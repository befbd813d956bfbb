import * as z from 'zod'
import { adminEndpoint } from './admin-endpoint.ts'
import { RequestToExplain } from './explain.ts'

export const readOpenapi = adminEndpoint({
  ...{ name: 'openapi.read', method: 'GET', path: '/v1/openapi' },
  summary: 'Read the OpenAPI document of the API that this gateway serves.',
  reply: { status: 200, body: z.looseObject({ paths: z.record(z.string(), z.unknown()).optional() }) },
})

export const sendRequest = adminEndpoint({
  ...{ name: 'requests.send', method: 'POST', path: '/v1/requests/send' },
  summary: 'Send a request to the API by this gateway, as any caller would, and read the response.',
  description:
    'It is a real request: it is authenticated by the headers that it brings, limited, counted, and may start a function. The response is waited for 60 s, and its first MiB is read.',
  body: RequestToExplain.omit({ address: true }),
  maxBodyBytes: 4 * 1_048_576,
  reply: {
    status: 200,
    body: z.object({
      status: z.int(),
      headers: z.record(z.string(), z.string()),
      body: z.string().describe('As UTF-8.'),
      isCut: z.boolean().describe('Whether the body has more than a MiB.'),
      durationMs: z.number(),
    }),
  },
  failures: { no_response: 502 },
  change: 'request.sent',
})
