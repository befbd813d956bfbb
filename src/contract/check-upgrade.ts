import * as z from 'zod'
import { checkKeys, checkSchema, type Refuse } from './check-common.ts'
import { MAX_TIMEOUT_MS } from './check-deployment.ts'
import type { EndpointShape } from './endpoint-shape.ts'
import { usualReply } from './reply.ts'

const KEYS = ['receive', 'send', 'subprotocols', 'maxSeconds', 'idleSeconds', 'maxMessageBytes']
/** A token of RFC 9110, 5.6.2. */
const TOKEN = /^[!#$%&'*+.^`|~\w-]{1,100}$/
const MAX_MESSAGE_BYTES = 1024 * 1024
const MAX_SECONDS = MAX_TIMEOUT_MS / 1_000

/** Refuses an `upgrade` that cannot be kept, and what contradicts it. */
export function checkUpgrade({ upgrade, ...contract }: EndpointShape, refuse: Refuse) {
  const { status } = usualReply(contract)
  if (upgrade === undefined) {
    return refuse(status === 101, 'a 101 is the reply of an endpoint with `upgrade`; add that or use another status')
  }
  refuse(upgrade !== true && (typeof upgrade !== 'object' || upgrade === null), '`upgrade` is true or an object')
  refuse(contract.method !== 'GET', `a WebSocket is opened by a GET; a ${contract.method} cannot \`upgrade\``)
  refuse(status !== 101, 'an endpoint with `upgrade` replies `{ status: 101 }`')
  refuse(contract.timeoutMs !== undefined, 'how long a connection lives is `upgrade.maxSeconds`; take `timeoutMs` out')
  for (const part of ['cache', 'tool']) refuse(part in contract, `a WebSocket has no one response; drop \`${part}\``)
  for (const [code, failure] of Object.entries(contract.failures ?? {}))
    refuse(
      typeof failure !== 'number' && failure.data !== undefined,
      `a WebSocket is closed with the code of a failure and nothing else; drop the data of "${code}"`,
    )
  if (upgrade === true) return
  checkKeys(upgrade, KEYS, refuse)
  const { receive, send, subprotocols = [], maxSeconds = 1, idleSeconds = 2, maxMessageBytes = 1 } = upgrade
  for (const [part, schema] of Object.entries({ receive, send }))
    refuse(schema !== undefined && !(schema instanceof z.ZodType), `\`upgrade.${part}\` must be a zod schema`)
  checkSchema(receive, { use: 'input', part: 'upgrade.receive' }, refuse)
  checkSchema(send, { use: 'output', part: 'upgrade.send' }, refuse)
  for (const name of subprotocols)
    refuse(!TOKEN.test(name), `the subprotocol "${name}" must be a token, such as chat.v1`)
  refuse(!isWithin(maxSeconds, 1, MAX_SECONDS), `upgrade.maxSeconds must be 1 to ${MAX_SECONDS}`)
  refuse(!isWithin(idleSeconds, 2, MAX_SECONDS), `upgrade.idleSeconds must be 2 to ${MAX_SECONDS}`)
  refuse(!isWithin(maxMessageBytes, 1, MAX_MESSAGE_BYTES), `upgrade.maxMessageBytes must be 1 to ${MAX_MESSAGE_BYTES}`)
}

const isWithin = (value: number, min: number, max: number) => Number.isInteger(value) && value >= min && value <= max
