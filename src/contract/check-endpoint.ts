import * as z from 'zod'
import { checkAccess, checkTenancy } from './check-access.ts'
import { checkCache } from './check-cache.ts'
import { checkKeys, checkSchema, type Refuse } from './check-common.ts'
import { checkConditional } from './check-conditional.ts'
import { checkRequestCookies } from './check-cookies.ts'
import { checkFunction } from './check-function.ts'
import { checkGraphql } from './check-graphql.ts'
import { checkInternal } from './check-internal.ts'
import { checkObjective } from './check-objective.ts'
import { checkRate } from './check-rate.ts'
import { checkReplies } from './check-replies.ts'
import { checkBodyStream, checkReplyStream } from './check-streams.ts'
import { checkSyntheticCheck } from './check-synthetic-check.ts'
import { checkTool } from './check-tool.ts'
import { checkUpgrade } from './check-upgrade.ts'
import { checkDeprecation } from './deprecation.ts'
import type { EndpointShape } from './endpoint-shape.ts'
import { isReservedPath, parsePathTemplate } from './path-template.ts'
import { replyOf, usualReply } from './reply.ts'
import { findNonScalar } from './schema/decode-strings.ts'
import { typeOf } from './schema/schema-def.ts'
import { toInput } from './schema/strict-schema.ts'
import { jsonBodyOf } from './streams/body-kind.ts'

const KEYS = [
  ...['method', 'path', 'params', 'query', 'headers', 'cookies', 'body', 'reply'],
  ...['failures', 'access', 'tenancy', 'limit', 'priority', 'deprecated', 'objective', 'cache', 'conditional'],
  ...['upgrade', 'idempotent', 'async', 'check'],
  ...['reads', 'replica', 'emits', 'calls', 'tool', 'graphql', 'examples'],
]
const METHODS = ['GET', 'POST', 'PUT', 'PATCH', 'DELETE']
const EXAMPLE_KEYS = ['params', 'query', 'body', 'reply', 'status']

/** Throws a ContractError at the first contradiction. */
export function checkEndpoint(contract: EndpointShape) {
  const refuse = checkFunction(contract, KEYS, { hasCallers: true })
  refuse(!METHODS.includes(contract.method), `method must be one of ${METHODS.join(', ')}`)
  checkPath(contract, refuse)
  checkInput(contract, refuse)
  checkRequestCookies(contract, refuse)
  checkBodyStream(contract, refuse)
  checkUpgrade(contract, refuse)
  if (!contract.upgrade) checkReplies(contract, refuse)
  else checkKeys(contract.reply, ['status'], refuse)
  checkReplyStream(contract, refuse)
  checkConditional(contract, refuse)
  checkAccess(contract, refuse)
  checkInternal(contract, refuse)
  checkTenancy(contract, refuse)
  checkLimit(contract, refuse)
  checkPriority(contract, refuse)
  checkDeprecation(contract, refuse)
  checkObjective(contract, refuse)
  checkCache(contract, refuse)
  checkWrites(contract, refuse)
  checkReplica(contract, refuse)
  checkTool(contract, refuse)
  checkGraphql(contract, refuse)
  checkExamples(contract, refuse)
  checkSyntheticCheck(contract, refuse)
}

function checkPath({ path, params }: EndpointShape, refuse: Refuse) {
  let names: readonly string[] = []
  try {
    names = parsePathTemplate(path).names
  } catch (error) {
    refuse(true, error instanceof Error ? error.message : String(error))
  }
  refuse(isReservedPath(path), `path ${path} is the platform's own; choose another one`)
  const declared = Object.keys(params?.shape ?? {})
  for (const name of names) refuse(!declared.includes(name), `path has {${name}}, which \`params\` does not declare`)
  for (const name of declared)
    refuse(!names.includes(name), `\`params\` declares ${name}, which the path does not have`)
}

function checkInput({ method, params, query, headers, body }: EndpointShape, refuse: Refuse) {
  for (const [part, schema] of Object.entries({ params, query, headers })) {
    if (!schema) continue
    refuse(typeOf(schema) !== 'object', `\`${part}\` must be a z.object`)
    checkSchema(schema, { use: 'input', part }, refuse)
    const issue = findNonScalar(schema)
    refuse(issue !== undefined, `in ${part}, ${issue}`)
  }
  for (const name of Object.keys(headers?.shape ?? {})) {
    refuse(name !== name.toLowerCase(), `header "${name}" must be written in lower case`)
  }
  if (!body) return
  refuse(
    !(body instanceof z.ZodType) && !('kind' in body && (body.kind === 'stream' || body.kind === 'form')),
    '`body` must be a zod schema, or a stream() or form() of ebb/contract',
  )
  refuse(method === 'GET' || method === 'DELETE', `a ${method} has no body; take \`body\` out or use another method`)
  checkSchema(jsonBodyOf({ body }), { use: 'input', part: 'body' }, refuse)
}

function checkLimit({ limit }: EndpointShape, refuse: Refuse) {
  if (limit) checkRate('limit', limit, refuse)
}

function checkPriority({ priority }: EndpointShape, refuse: Refuse) {
  const isKnown = priority === undefined || priority === 'low' || priority === 'high'
  refuse(!isKnown, "`priority` is 'low' or 'high'; leave it out for what is between them")
}

function checkWrites({ method, reads, emits, idempotent, async }: EndpointShape, refuse: Refuse) {
  refuse(!!reads && method !== 'POST', `\`reads\` is for a POST that only reads; a ${method} does not need \`reads\``)
  const readOnly = method === 'GET' || !!reads
  refuse(readOnly && emits !== undefined, 'what only reads runs outside a transaction and cannot emit; drop `emits`')
  refuse(readOnly && !!idempotent, 'what only reads may be repeated anyway; drop `idempotent`')
  refuse(
    readOnly && !!async,
    'what only reads is there for its response, which an asynchronous call does not wait for; drop `async`',
  )
}

function checkReplica({ method, reads, replica, cache, upgrade }: EndpointShape, refuse: Refuse) {
  if (replica === undefined) return
  refuse(replica !== false, '`replica` can only be false; leave it out where reads may go to a replica')
  refuse(method !== 'GET' && !reads, '`replica` is about what only reads; whatever writes goes to the database itself')
  refuse(
    cache !== undefined || upgrade !== undefined,
    'its reads go to the database itself, as those of `cache` and `upgrade` do; drop `replica`',
  )
}

function checkExamples(contract: EndpointShape, refuse: Refuse) {
  for (const [name, example] of Object.entries(contract.examples ?? {})) {
    checkKeys(example, EXAMPLE_KEYS, refuse)
    const { status = usualReply(contract).status } = example
    const reply = replyOf(contract, status)
    refuse(!reply, `example "${name}" has the status ${status}, but no reply of the contract has`)
    for (const [part, schema] of [['body', jsonBodyOf(contract)] as const, ['reply', reply?.body] as const]) {
      if (example[part] === undefined) continue
      refuse(!schema, `example "${name}" has a ${part}, but the contract has none`)
      const issue = schema && toInput(schema).safeParse(example[part]).error?.issues[0]
      refuse(issue !== undefined, `the ${part} of example "${name}" breaks its own schema: ${issue?.message}`)
    }
  }
}
