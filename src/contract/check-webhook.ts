import type * as z from 'zod'
import type { EventShape } from './event-shape.ts'
import { defOf } from './schema/schema-def.ts'

/** Refuses a `webhook` by which an event would go to those whose it is not. */
export function checkWebhook(
  { data, webhook }: Pick<EventShape, 'data' | 'webhook'>,
  refuse: (broken: boolean, sentence: string) => void,
) {
  if (!webhook) return
  const { owner, tenant, scopes = [] } = webhook
  refuse(
    (owner === undefined) === (tenant === undefined),
    '`webhook` must say whose event it is: either `owner`, the field of its data with the subject, or `tenant: true`',
  )
  refuse(
    owner !== undefined && !isAlwaysText(defOf(data).shape?.[owner]),
    `\`webhook.owner\` is "${owner}", which must be a field of its data that is always there, and a text`,
  )
  refuse(
    scopes.some((scope) => scope === ''),
    '`webhook.scopes` holds an empty scope; leave it out',
  )
}

/** Neither optional nor null: an event without owner would be lost. */
export const isAlwaysText = (schema: z.ZodType | undefined) => schema !== undefined && TEXTS.has(defOf(schema).type)

const TEXTS: ReadonlySet<string> = /* @__PURE__ */ new Set(['string', 'template_literal', 'enum'])
