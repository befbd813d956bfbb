import {
  type AnyContract,
  describeEndpoint,
  type EndpointContract,
  jsonBodyOf,
  type Route,
  streamedBodyOf,
  toInput,
  usualReply,
} from '../contract/index.ts'
import { isAnonymousOperation } from '../deploy/contract-part.ts'
import { createRandom } from '../deploy/sample/random.ts'
import { sampleRequest } from '../deploy/sample/sample-request.ts'
import { createSampler, SampleError } from '../deploy/sample/sampler.ts'
import type { ConformanceRequest, Send } from './client.ts'
import { CONFORMANCE_CONTRACTS } from './conformance-contracts.ts'

/** An endpoint that is deployed, with requests that its contract takes. */
export interface Subject {
  readonly contract: EndpointContract
  readonly route: Route
  /** A valid request, from the contract's example where it has one, without an Idempotency-Key. */
  readonly request: ConformanceRequest
  /** Whether it is one of the conformance functions, of which is known what they answer. */
  readonly isConformance: boolean
}

/** What an endpoint has to offer for a case. */
export type SubjectKind = keyof typeof KINDS

export interface Subjects {
  /** Whether all conformance functions are deployed. */
  readonly hasFunctions: boolean
  /** All that cases may call: the conformance functions, or else the project's endpoints. */
  readonly endpoints: readonly Subject[]
  /** The scopes that these ask for. */
  readonly scopes: readonly string[]
  /** The one to run a case on; throws a NothingToRunOn where no contract offers it. */
  readonly on: (kind: SubjectKind) => Subject
  /** The same, or undefined. */
  readonly find: (kind: SubjectKind) => Subject | undefined
}

/** A case has nothing to run on, which is no fault of the target. */
export class NothingToRunOn extends Error {
  override readonly name = 'NothingToRunOn'
  constructor(why: string, cure = 'npx ebb conformance add writes functions that cases can run on') {
    super(`nothing to run on: ${why}; ${cure}`)
  }
}

const hasExampleBody = ({ examples = {} }: EndpointContract) =>
  Object.values(examples).some(({ body }) => body !== undefined)

/** What changes or deletes the thing of an example is left alone. */
const isWrite = (contract: EndpointContract) =>
  contract.method === 'POST' && contract.idempotent === true && hasExampleBody(contract)

/** By which properties of its contract an endpoint is chosen, and what is missing where none has them. */
const KINDS = {
  read: {
    has: ({ method, access }: EndpointContract) => method === 'GET' && access.anonymous === true,
    words: 'no GET is open to everybody and answers the request of its contract',
  },
  versioned: {
    has: ({ method, access, conditional }: EndpointContract) =>
      method === 'GET' && access.anonymous === true && conditional === true,
    words: 'no GET that is open to everybody says its version',
  },
  scoped: {
    has: ({ access }: EndpointContract) => (access.scopes ?? []).length > 0 && !access.owner && !access.policy,
    words: 'no endpoint asks for a scope, and for nothing else',
  },
  write: { has: isWrite, words: 'no POST is idempotent and has an example of its body' },
  async: {
    has: (contract: EndpointContract) => isWrite(contract) && contract.async === true,
    words: 'no POST is async and idempotent and has an example of its body',
  },
  limited: {
    has: ({ limit }: EndpointContract) => limit !== undefined,
    words: 'no endpoint has a limit',
  },
} as const

interface ApiDocument {
  readonly paths?: Readonly<Record<string, Readonly<Record<string, { readonly security?: unknown }>>>>
}

/** Finds what cases can run on: what contracts offer and the target's OpenAPI document has, the conformance functions first. */
export async function findSubjects(send: Send, contracts: Readonly<Record<string, AnyContract>>): Promise<Subjects> {
  const { paths = {} } = (await send({ path: '/openapi.json' })).json<ApiDocument>()
  const isDeployed = ({ method, path, access }: EndpointContract) => {
    const operation = paths[path]?.[method.toLowerCase()]
    return operation !== undefined && isAnonymousOperation(operation) === (access.anonymous === true)
  }
  const ours = CONFORMANCE_CONTRACTS.filter((contract) => contract.kind === 'endpoint').filter(
    // No document shows it.
    ({ access }) => !access.internal,
  )
  const hasFunctions = ours.every(isDeployed)
  const names = ours.map(({ name }) => name)
  const theirs = Object.values(contracts)
    .filter((contract) => contract.kind === 'endpoint')
    // The keys of cases have no tenant, and no authorizer knows them.
    .filter(({ tenancy, access, upgrade }) => !tenancy && !access.authorizer && !upgrade)
    .filter((contract) => !names.includes(contract.name) && isDeployed(contract))
  const isWhole = (contract: EndpointContract) => !streamedBodyOf(contract) && !usualReply(contract).stream
  // Cases send JSON, and read it; what is streamed has cases of its own.
  const subjects = [...(hasFunctions ? ours : []), ...theirs]
    .filter(isWhole)
    .flatMap((contract) => toSubject(contract, names) ?? [])
  const read = await findRead(send, subjects)
  const find = (kind: SubjectKind) =>
    kind === 'read' ? read : subjects.find(({ contract }) => KINDS[kind].has(contract))
  const on = (kind: SubjectKind) => {
    const found = find(kind)
    if (!found) throw new NothingToRunOn(KINDS[kind].words)
    return found
  }
  const scopes = (hasFunctions ? ours : theirs).flatMap(({ access }) => access.scopes ?? [])
  return { hasFunctions, endpoints: subjects, scopes: [...new Set(scopes)], on, find }
}

/** The first that answers as its contract says: an example of a project's own may be of a thing that is not there. */
async function findRead(send: Send, subjects: readonly Subject[]): Promise<Subject | undefined> {
  for (const subject of subjects.filter(({ contract }) => KINDS.read.has(contract))) {
    if (subject.isConformance) return subject
    const answer = await send(subject.request).catch(() => undefined)
    if (answer?.status === usualReply(subject.contract).status) return subject
  }
  return undefined
}

function toSubject(contract: EndpointContract, ours: readonly string[]): Subject | undefined {
  const request = requestOf(contract)
  if (!request) return undefined
  return { contract, route: describeEndpoint(contract), request, isConformance: ours.includes(contract.name) }
}

/** A valid request; undefined where none can be made up. */
function requestOf(contract: EndpointContract): ConformanceRequest | undefined {
  try {
    const { target, headers, body } = sampleRequest(contract, createRandom(contract.name))
    return { method: contract.method, path: target, headers, ...(body === undefined ? {} : { json: JSON.parse(body) }) }
  } catch (error) {
    if (error instanceof SampleError) return undefined
    throw error
  }
}

const SEEDS = 20

/** A valid request with another body; throws a NothingToRunOn where the schema has no other. */
export function otherRequest({ contract, request }: Subject): ConformanceRequest {
  const { name } = contract
  const body = jsonBodyOf(contract)
  const sample = body && createSampler(toInput(body))
  for (let seed = 0; sample && seed < SEEDS; seed++) {
    const json = sample(createRandom(`${name} ${seed}`))
    if (JSON.stringify(json) !== JSON.stringify(request.json)) return { ...request, json }
  }
  throw new NothingToRunOn(`no other body for ${name} than its example could be made up`)
}
