import { checkKeys, type Refuse } from './check-common.ts'
import type { EndpointShape, Example } from './endpoint-shape.ts'
import { toInput } from './schema/strict-schema.ts'
import { jsonBodyOf } from './streams/body-kind.ts'

const KEYS = ['everySeconds', 'from', 'undo']
const MIN_SECONDS = 60
/** A platform stops an instance after a minute or so: more often would keep one running. */
const MIN_SECONDS_AT_ZERO = 300
const MAX_SECONDS = 86_400

/** Refuses a `check` that could not be sent as it is, that would keep a function running, or that would leave something behind. */
export function checkSyntheticCheck(contract: EndpointShape, refuse: Refuse) {
  const { check, examples = {} } = contract
  if (check === undefined) return
  checkKeys(check, KEYS, refuse)
  checkInterval(contract, check.everySeconds, refuse)
  checkCallable(contract, refuse)
  const titles = Object.keys(examples).map((title) => `"${title}"`)
  const example = Object.hasOwn(examples, check.from) ? examples[check.from] : undefined
  refuse(!example, `check.from "${check.from}" is no title of \`examples\`; there are ${titles.join(', ') || 'none'}`)
  if (example) checkRequest(contract, example, refuse)
  checkUndo(contract, refuse)
}

function checkInterval({ scale }: EndpointShape, seconds: unknown, refuse: Refuse) {
  const isWhole = typeof seconds === 'number' && Number.isInteger(seconds)
  refuse(
    !isWhole || seconds < MIN_SECONDS || seconds > MAX_SECONDS,
    `check.everySeconds must be whole, and from ${MIN_SECONDS} to ${MAX_SECONDS}`,
  )
  refuse(
    Number(seconds) < MIN_SECONDS_AT_ZERO && !scale?.min,
    `a check more often than every ${MIN_SECONDS_AT_ZERO} seconds would keep an instance running; raise check.everySeconds, or say \`scale: { min: 1 }\``,
  )
}

/** What a relay with an API key cannot ask for, or not read to its end. */
function checkCallable({ access, upgrade, reply, body, headers, conditional, method }: EndpointShape, refuse: Refuse) {
  refuse(!!access.internal, 'it has no way in from outside; drop `check`')
  refuse(!!access.dpop || access.authorizer !== undefined, 'a check has an API key and nothing else; drop `check`')
  refuse(
    !!upgrade || Object.hasOwn(reply, 'stream'),
    'a connection or a stream has no end that a check could wait for; drop `check`',
  )
  refuse(body !== undefined && !jsonBodyOf({ body }), 'a check sends JSON; drop `check`')
  refuse(conditional === true && method !== 'GET', 'a check does not know which version is there; drop `check`')
  const required = Object.entries(headers?.shape ?? {}).find(([, schema]) => !schema.safeParse(undefined).success)
  refuse(
    required !== undefined,
    `a check sends none of the contract's headers, and ${required?.[0]} is required; drop \`check\``,
  )
}

function checkRequest(contract: EndpointShape, { params = {}, query = {}, body }: Example, refuse: Refuse) {
  const json = jsonBodyOf(contract)
  const parts = [
    ['params', contract.params, params],
    ['query', contract.query, query],
    ['body', json, body],
  ] as const
  for (const [part, schema, value] of parts) {
    const issue = schema && toInput(schema).safeParse(value).error?.issues[0]
    const place = [part, ...(issue?.path ?? [])].join('.')
    refuse(issue !== undefined, `check.from names an example that is no whole request: ${place}: ${issue?.message}`)
  }
}

function checkUndo({ check, method, reads, idempotent, emits }: EndpointShape, refuse: Refuse) {
  const readOnly = method === 'GET' || !!reads
  const undo = check?.undo
  refuse(readOnly && undo !== undefined, 'what only reads has nothing to undo; drop `check.undo`')
  if (readOnly) return
  refuse(undo === undefined, 'a check of what writes needs `check.undo`, the endpoint that takes it back')
  refuse(
    !idempotent,
    'a check of what writes needs `idempotent: true`, so that a relay that was stopped learns what it had written',
  )
  refuse(emits !== undefined, 'an event cannot be taken back, and `emits` names some; drop `check`')
}
