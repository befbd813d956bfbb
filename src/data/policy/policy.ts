import {
  type Config,
  ConfigError,
  type Log,
  type Policy,
  type PolicyDecision,
  type PolicyQuestion,
  type PolicyRequest,
  type PolicyResource,
  type ResourceContract,
} from '../../kernel/index.ts'
import { askOpa } from './ask-opa.ts'
import { loadPolicy } from './load-policy.ts'
import { openCasbin } from './open-casbin.ts'

type Decide = (question: PolicyQuestion, request: PolicyRequest) => Promise<PolicyDecision>

/**
 * The policy of the project: who may do what, in domain/policy/model.conf and policy.csv, by Casbin; or by an Open Policy
 * Agent, where EBB_OPA_URL is set. With `access: { policy: true }` a handler asks it by `may`, and any other by
 * `policy.allows`. What no line allows is refused, and so is every object whose `tenant` is not the caller's, where both have one.
 * @example
 * export default implement(contract, { sql: postgres, policy }, async ({ params: { id } }, { sql, policy, fail }) => {
 *   const order = await sql.one<{ id: string; owner: string; quantity: number }>`select * from orders where id = ${id}`
 *   if (!order || !(await policy.allows('read', { order }))) throw fail('order_not_found', 'There is no such order.')
 *   return order
 * })
 * @see docs/guide/20-policies.md
 */
export const policy: PolicyResource<Decide> = {
  stores: [],
  open: openPolicy,
  bind: (_decide, { allows = noRequest }) => ({ allows }),
  decide: async (decide, question, request) =>
    isOfAnotherTenant(question) ? { allowed: false, reason: 'it is of another tenant' } : decide(question, request),
}

function openPolicy(config: Config, _log: Log, contract?: ResourceContract): Decide {
  const { EBB_OPA_URL: url, EBB_OPA_TIMEOUT_MS: timeoutMs, EBB_POLICY_FOLDER: folder } = config
  if (url) {
    requireEgress(url, contract)
    return (question, request) => askOpa({ url, timeoutMs }, question, request)
  }
  const rules = loadPolicy(folder)
  let opening: ReturnType<typeof openCasbin> | undefined
  return async (question) => {
    opening ??= openCasbin(rules)
    return (await opening).decide(question)
  }
}

/** On a cluster a function reaches only the hosts of its contract: without this, each of its requests would be a 503. */
function requireEgress(url: string, contract: ResourceContract | undefined): void {
  const { protocol, hostname, port } = new URL(url)
  const host = `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`
  if (contract && !contract.egress?.includes(host))
    throw new ConfigError(`EBB_OPA_URL: ${contract.name} asks ${host}; add '${host}' to \`egress\` in its contract`)
}

/** Whether both have a tenant, and another one: such an object is nobody's business whatever the lines say. */
export function isOfAnotherTenant({ caller, attributes }: PolicyQuestion): boolean {
  const tenant = attributes?.tenant ?? undefined
  return tenant !== undefined && caller.tenant !== undefined && tenant !== caller.tenant
}

const noRequest: Policy['allows'] = async () => {
  throw new Error('a policy decides during a request only')
}
