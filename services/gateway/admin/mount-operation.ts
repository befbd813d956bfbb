import { Problem } from 'ebb/contract'
import express, { type Request, type RequestHandler, type Response } from 'express'
import type pg from 'pg'
import type * as z from 'zod'
import { appendAudit } from '../../../src/data/audit.ts'
import { inTransaction } from '../../../src/data/postgres/pool.ts'
import type { Follow } from '../../../src/protocol/admin/admin-endpoint.ts'
import type { Administrators } from './access.ts'
import type { AdminOperation, OperationContext } from './operation.ts'
import { parseInput } from './parse-input.ts'
import { sendEvents } from './send-events.ts'

const MAX_BODY_BYTES = 16_384

/** The path of an endpoint as Express writes it: `/v1/keys/{id}` is `/v1/keys/:id`. */
export const expressPath = (path: string) => path.replaceAll(/\{(\w+)\}/g, ':$1')

/** What answers an endpoint's requests: validates each part by its schema, and replies with what the operation returns. */
export function mountOperation(
  { endpoint, run }: AdminOperation,
  { pool, actorOf, identify }: { readonly pool: pg.Pool } & Pick<Administrators, 'actorOf' | 'identify'>,
): readonly RequestHandler[] {
  const { params, query, body, reply, maxBodyBytes = MAX_BODY_BYTES } = endpoint
  const parse = (schema: z.ZodType | undefined, value: unknown, part: 'params' | 'query' | 'body') =>
    schema && parseInput(schema, value, part)
  const handle: RequestHandler = async (request, response) => {
    const input = {
      params: parse(params, request.params, 'params'),
      query: parse(query, request.query, 'query'),
      body: parse(body, request.body, 'body'),
    }
    // Each part is undefined exactly where the endpoint has no schema for it, as AdminInput says.
    const result = await run(input as Parameters<typeof run>[0], contextOf(request, response))
    response.status(reply.status).set('cache-control', 'no-store')
    // It is a Follow exactly where the reply has events, as AdminOutput says.
    if ('event' in reply) return sendEvents(response, reply.event, result as Follow<unknown>)
    if ('text' in reply) response.set('content-type', reply.text).end(result)
    else if ('body' in reply) response.json(result)
    else response.end()
  }
  const contextOf = (request: Request, response: Response): OperationContext => ({
    ...{ actor: actorOf(request), request, identify: () => identify(request) },
    setHeader: (name, value) => void response.set(name, value),
    audit: async ({ notify, ...entry }) => {
      if (endpoint.change === undefined) throw new Error(`${endpoint.name} says that it changes nothing`)
      const row = { ...entry, actor: actorOf(request), action: endpoint.change }
      await inTransaction(pool, async (client) => {
        await appendAudit(client, row)
        if (notify) await client.query('select pg_notify($1, $2)', [notify.channel, notify.payload])
      })
    },
  })
  return body ? [requireJson, express.json({ limit: maxBodyBytes }), handle] : [handle]
}

/** A page of another site can send any other type without asking first (Fetch, 4.8). */
const requireJson: RequestHandler = (request, _response, next) => {
  // `null` is a request without a body.
  if (request.is('application/json') !== false) return next()
  throw new Problem('unsupported_media_type', 415, 'Send the body as application/json.')
}
