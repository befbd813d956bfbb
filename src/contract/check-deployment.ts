import { checkKeys, type Refuse } from './check-common.ts'
import { LIMITS, REQUESTS, SCALE } from './defaults.ts'
import type { Deployment, Resources, Scaling } from './deployment-shape.ts'
import { bytesOf, cpusOf } from './quantities.ts'
import { checkWarmWindows } from './warm-windows.ts'

/** Ten minutes. */
export const MAX_TIMEOUT_MS = 600_000
const SECRET = /^[A-Z][A-Z0-9_]*$/
const LABEL = '[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?'
const HOST_AND_PORT = new RegExp(`^(\\*|${LABEL}(\\.${LABEL})*):([1-9]\\d{0,4})$`)
const IPV4 = /^((25[0-5]|2[0-4]\d|1?\d?\d)(\.|$)){4}(?<!\.)$/

/** The properties that a contract of either kind may have to say how it runs. */
export const DEPLOYMENT_KEYS = ['timeoutMs', 'scale', 'resources', 'secrets', 'egress', 'version', 'targets']

/** Refuses what cannot be deployed: malformed or contradictory scale, resources, secrets, egress and targets. */
export function checkDeployment({ timeoutMs = 1, secrets = [], egress = [], ...parts }: Deployment, refuse: Refuse) {
  refuse(!isCount(timeoutMs) || timeoutMs > MAX_TIMEOUT_MS, `timeoutMs must be 1 to ${MAX_TIMEOUT_MS}`)
  checkScale(parts.scale ?? {}, refuse)
  checkResources(parts.resources ?? {}, refuse)
  for (const name of secrets) refuse(!SECRET.test(name), `secret "${name}" must be named in UPPER_SNAKE`)
  checkUnique('secret', secrets, refuse)
  checkEgress(egress, refuse)
  const { targets = {} } = parts
  checkKeys(targets, ['openfaas'], refuse)
  refuse(!['boolean', 'undefined'].includes(typeof targets.openfaas), 'targets.openfaas must be true or false')
}

/** Refuses hosts that no NetworkPolicy could be made of. */
export function checkEgress(egress: readonly string[], refuse: Refuse) {
  for (const host of egress)
    refuse(
      !isHostAndPort(host),
      `egress "${host}" must be host:port, such as api.example.com:443, or *:443 for any public host`,
    )
  checkUnique('egress', egress, refuse)
}

function checkScale(scale: Scaling, refuse: Refuse) {
  checkKeys(scale, ['min', 'max', 'concurrency', 'target', 'warm'], refuse)
  const { min = SCALE.min, max = SCALE.max, concurrency = SCALE.concurrency, target = 1, warm = [] } = scale
  refuse(!isCount(max) || !isCount(concurrency), 'scale.max and scale.concurrency must be whole and at least 1')
  refuse(min !== 0 && !isCount(min), 'scale.min must be whole and at least 0')
  refuse(min > max, `scale.min ${min} is more than scale.max, ${max}; raise that or lower this`)
  refuse(
    !isCount(target) || target > concurrency,
    `scale.target must be whole, and 1 to scale.concurrency, ${concurrency}: an instance never has more requests`,
  )
  checkWarmWindows(warm, refuse)
}

function checkResources({ requests = {}, limits = {}, ...others }: Resources, refuse: Refuse) {
  checkKeys(others, ['requests', 'limits'], refuse)
  checkKeys(requests, ['cpu', 'memory'], refuse)
  refuse('cpu' in limits, 'resources.limits has no cpu: it would throttle cold starts; say resources.requests.cpu')
  checkKeys(limits, ['memory'], refuse)
  const { cpu = REQUESTS.cpu, memory = REQUESTS.memory } = requests
  const limit = limits.memory ?? LIMITS.memory
  refuse(!(cpusOf(cpu) > 0), `resources.requests.cpu "${cpu}" must be like 250m or 0.5`)
  for (const [part, given] of Object.entries({ 'requests.memory': memory, 'limits.memory': limit })) {
    refuse(!(bytesOf(given) > 0), `resources.${part} "${given}" must be like 128Mi or 1Gi`)
  }
  refuse(
    bytesOf(limit) < bytesOf(memory),
    `resources.limits.memory ${limit} is less than resources.requests.memory ${memory}; name both, the limit the larger`,
  )
}

function checkUnique(what: string, given: readonly string[], refuse: Refuse) {
  const twice = given.find((value, index) => given.indexOf(value) !== index)
  refuse(twice !== undefined, `${what} "${twice}" is listed twice`)
}

const isCount = (n: number) => Number.isInteger(n) && n >= 1

function isHostAndPort(given: string): boolean {
  const [host = '', port] = given.split(':')
  const isAddress = /^[\d.]+$/.test(host)
  return HOST_AND_PORT.test(given) && Number(port) <= 65_535 && (!isAddress || IPV4.test(host))
}
