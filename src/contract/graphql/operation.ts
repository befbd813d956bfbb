import * as z from 'zod'

const anything = z.record(z.string(), z.unknown())

/** What a client sends (GraphQL over HTTP, 5.1), by POST. `query` is left out where `documentId` names the operation. */
export const GraphqlRequest = z.object({
  query: z.string().nullable().optional(),
  documentId: z.string().max(128).nullable().optional(),
  operationName: z.string().nullable().optional(),
  variables: anything.nullable().optional(),
  extensions: anything.nullable().optional(),
})

/** One thing that went wrong (GraphQL, 7.1.2). `extensions.code` is that of a problem. */
const GraphqlError = z.object({
  message: z.string(),
  locations: z.array(z.object({ line: z.int(), column: z.int() })).optional(),
  path: z.array(z.union([z.string(), z.int()])).optional(),
  extensions: anything.optional(),
})

/** What comes of it (GraphQL, 7.1). */
export const GraphqlResponse = z.object({
  data: anything.nullable().optional(),
  errors: z.array(GraphqlError).optional(),
})
