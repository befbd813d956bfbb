import { type AnyContract, customersEventsOf, toOutput, versionedType, versionOf } from '../contract/index.ts'
import { schemaRenderer } from './openapi-schemas.ts'

type Json = Readonly<Record<string, unknown>>

/** What customers' addresses get: the `webhooks` of the document; undefined where there is no event for customers. */
export function renderWebhooks(contracts: readonly AnyContract[], schemas: Record<string, Json>): Json | undefined {
  const events = contracts.flatMap(customersEventsOf)
  if (events.length === 0) return undefined
  return Object.fromEntries(
    events.map((event) => {
      const type = versionedType(event.type, versionOf(event))
      const data = schemaRenderer(type, schemas)(toOutput(event.data), 'output')
      return [type, { post: renderMessage(type, event.summary, data) }]
    }),
  )
}

const renderMessage = (type: string, summary: string | undefined, data: unknown): Json => ({
  summary: summary ?? `The event ${type}.`,
  description:
    'Sent to the webhooks of `/v1/webhooks` that ask for it, with a signature of Standard Webhooks; at least once, with the same webhook-id.',
  parameters: ['webhook-id', 'webhook-timestamp', 'webhook-signature'].map((name) => ({
    ...{ name, in: 'header', required: true, schema: { type: 'string' }, description: 'See Standard Webhooks' },
  })),
  requestBody: {
    required: true,
    content: {
      'application/json': {
        schema: {
          type: 'object',
          required: ['type', 'timestamp', 'data'],
          properties: {
            type: { const: type },
            timestamp: { type: 'string', format: 'date-time', description: 'When it happened' },
            data,
          },
        },
      },
    },
  },
  responses: {
    '2XX': { description: 'It is taken' },
    410: { description: 'Nothing more is wanted: the webhook is disabled' },
    default: { description: 'It is sent again, for days' },
  },
})
