/**
 * node bench/policy/run.ts [rounds]
 *
 * What a decision costs with a policy of 1,000 lines: by itself, in microseconds of CPU, and in a function that asks for one beside the
 * same function that does not, over HTTP on loopback, client included. The lines are of 20 types with 10 actions for 5 roles;
 * then all of one action, for a role each or for any role, which is the worst that there is; and by Casbin alone, which matches every line. Interleaved; medians.
 */
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { Agent, createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { loadavg, tmpdir } from 'node:os'
import { join } from 'node:path'
import { newEnforcer, newModelFromString } from 'casbin'
import { endpoint } from 'ebb/contract'
import { policy } from 'ebb/data'
import { implement } from 'ebb/http'
import { createLog, parseConfig } from 'ebb/kernel'
import * as z from 'zod'
import { openCasbin } from '../../src/data/policy/open-casbin.ts'
import { readPolicy } from '../../src/data/policy/read-policy.ts'
import { createApp, type Implementation, openResources } from '../../src/http/index.ts'
import type { PolicyQuestion } from '../../src/kernel/index.ts'
import { quartiles, shuffled } from '../measure/samples.ts'

const rounds = Number(process.argv[2] ?? 15)
const [DECISIONS, SLOW_DECISIONS, REQUESTS] = [2_000, 50, 1_000]
const [TYPES, ACTIONS, ROLES] = [20, 10, 5]
const each = (count: number, name: string) => Array.from({ length: count }, (_, i) => `${name}${i}`)

const model = `
[request_definition]
r = caller, action, object
[policy_definition]
p = role, action, type, when, eft
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = hasRole(r.caller, p.role) && eval(p.when)
[actions]
${each(TYPES, 't')
  .map((type) => `${type} = ${each(ACTIONS, 'a').join(', ')}`)
  .join('\n')}`
const spread = each(TYPES, 't').flatMap((type) =>
  each(ACTIONS, 'a').flatMap((action) =>
    each(ROLES, 'r').map((role) => `p, ${role}, ${action}, ${type}, r.object.owner == r.caller.sub`),
  ),
)
const together = each(1_000, 'r').map((role) => `p, ${role}, a0, t0, r.object.owner == r.caller.sub`)
const forAnyRole = each(1_000, 'ada').map((owner) => `p, *, a0, t0, r.object.owner == '${owner}'`)
const filesOf = (lines: readonly string[]) => ({ folder: 'policy', model, policy: lines.join('\n') })

const thing = { owner: 'ada', cents: 100 }
const question: PolicyQuestion = { caller: { sub: 'ada', roles: ['r2'] }, action: 'a0', type: 't0', attributes: thing }
const spreadPolicy = await openCasbin(readPolicy(filesOf(spread)))
const togetherPolicy = await openCasbin(readPolicy(filesOf(together)))
const worstPolicy = await openCasbin(readPolicy(filesOf(forAnyRole)))
const alone = await casbinAlone()

const folder = await mkdtemp(join(tmpdir(), 'ebb-bench-policy-'))
await writeFile(join(folder, 'model.conf'), model)
await writeFile(join(folder, 'policy.csv'), spread.join('\n'))
const contract = {
  name: 'get-thing',
  summary: 'A thing.',
  method: 'GET',
  path: '/v1/thing',
  reply: { status: 200, body: z.object({ owner: z.string(), cents: z.int() }) },
} as const
const asking = await serve(
  implement(endpoint({ ...contract, access: { policy: true } }), { policy }, async (_input, { may }) => {
    await may('a0', { t0: thing })
    return thing
  }),
)
const plain = await serve(implement(endpoint({ ...contract, access: {} }), {}, async () => thing))
const agent = new Agent({ keepAlive: true, maxSockets: 1 })

const subjects: Readonly<Record<string, () => Promise<number>>> = {
  'a decision, 5 of 1,000 lines about it': () => costOf(DECISIONS, () => void spreadPolicy.decide(question)),
  'a decision, all 1,000 about it, each for another role': () =>
    costOf(DECISIONS, () => void togetherPolicy.decide(question)),
  'a decision, all 1,000 about it, for any role': () => costOf(SLOW_DECISIONS, () => void worstPolicy.decide(question)),
  'a decision, Casbin alone': () => costOf(SLOW_DECISIONS, () => void alone()),
  'a request that asks': () => costOf(REQUESTS, () => get(asking.port)),
  'a request that does not': () => costOf(REQUESTS, () => get(plain.port)),
}
const figures = new Map(Object.keys(subjects).map((name) => [name, [] as number[]]))
for (let round = -3; round < rounds; round++) {
  for (const [name, measure] of shuffled(Object.entries(subjects))) {
    const micros = await measure()
    if (round >= 0) figures.get(name)?.push(micros)
  }
}
const median = (name: string) => quartiles(figures.get(name) ?? []).median
console.log(`Node ${process.version}, ${rounds} interleaved rounds, load average now ${loadavg()[0]?.toFixed(1)}; CPU`)
console.table(Object.keys(subjects).map((name) => ({ name, micros: median(name).toFixed(1) })))
console.log(`asks / does not: ${(median('a request that asks') / median('a request that does not')).toFixed(3)}`)
agent.destroy()
asking.close()
plain.close()
await rm(folder, { recursive: true })

/** Microseconds of CPU of this process for one: a busy machine makes it wait, and not compute. */
async function costOf(count: number, work: () => void | Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  for (let i = 0; i < count; i++) await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / count
}

/** Casbin with all lines, and with action and type in its matcher. */
async function casbinAlone() {
  const text = `${model.split('[actions]')[0]}`.replace(
    'm = ',
    'm = r.action == p.action && r.object.type == p.type && ',
  )
  const casbinModel = newModelFromString(text)
  const lines = spread.map((line) => [...line.split(', ').slice(1), 'allow'])
  const assertion = casbinModel.model.get('p')?.get('p')
  if (assertion) assertion.policy = lines
  const enforcer = await newEnforcer(casbinModel)
  const hasRole = (caller: { roles: readonly string[] }, role: string) => caller.roles.includes(role)
  await enforcer.addFunction('hasRole', hasRole as never)
  const object = { ...thing, type: 't0' }
  return () => enforcer.enforceSync(question.caller, 'a0', object)
}

async function serve(fn: unknown) {
  // createApp calls a handler with what its own contract describes.
  const implementation = fn as Implementation
  const log = createLog({ level: 'silent' })
  const resources = openResources(implementation.uses, parseConfig({ EBB_POLICY_FOLDER: folder }), log)
  const verify = () => ({ sub: 'ada', scopes: [], roles: ['r2'], iss: 'ebb:gateway' as const })
  // No connection of the agent is closed between two rounds.
  const server = createServer({ keepAliveTimeout: 600_000 }, createApp(implementation, { resources, verify, log }))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on a port has an address.
  const { port } = server.address() as AddressInfo
  return { port, close: () => void server.close() }
}

function get(port: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const options = { port, path: '/v1/thing', agent, headers: { 'ebb-identity': 'x' } }
    request(options, (response) => {
      if (response.statusCode !== 200) reject(new Error(`it answered ${response.statusCode}`))
      response.resume().on('end', resolve)
    })
      .on('error', reject)
      .end()
  })
}
