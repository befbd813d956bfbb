import {
  type BindContext,
  type Config,
  type Effect,
  type EventKey,
  type InstanceUse,
  type Log,
  type PolicyDecision,
  type PolicyQuestion,
  type PolicyRequest,
  type RecordedInstance,
  type Resource,
  type ResourceContract,
  restrictToStores,
  type TransactionOptions,
  type TransactionWork,
} from '../kernel/index.ts'
import type { Uses } from './implement.ts'

/** The resources of one function, opened. */
export interface OpenedResources {
  /** Binds every resource but the transactional ones to a request; each by the name that `uses` gives it. */
  bind(request: (name: string) => BindContext): Record<string, unknown>
  /** The transaction of the resources that have one. */
  readonly transaction: OpenedTransaction | undefined
  /** The policy, where there is one. */
  readonly policy: OpenedPolicy | undefined
  /** Carries out, in order, the effects that are pending after a commit. */
  runEffects(effects: readonly Effect[], signal: AbortSignal): Promise<void>
  /** Keeps what this process has used so far; undefined where none of them can. */
  readonly recordUse: ((instance: RecordedInstance, use: InstanceUse) => Promise<void>) | undefined
  /** Rejects while one of them cannot serve. */
  ready(): Promise<void>
  close(): Promise<void>
}

export interface OpenedTransaction {
  /** What a handler gets of a transaction, by the names that `uses` gives its resources. */
  bind(shared: unknown): Record<string, unknown>
  /** Runs one request in a transaction. */
  run<Result>(options: TransactionOptions, work: TransactionWork<unknown, Result>): Promise<Result>
  clearPendingEffects(event: EventKey): Promise<void>
}

export interface OpenedPolicy {
  decide(question: PolicyQuestion, request: PolicyRequest): Promise<PolicyDecision>
}

/** Opens the resources that a function uses. None connects before it is needed. */
export function openResources(uses: Uses, config: Config, log: Log, contract?: ResourceContract): OpenedResources {
  // Those of one transaction share what the first of them opens: implement() has made sure that there is one transaction.
  const views = Object.entries(uses).filter(([, { transaction }]) => transaction)
  const [, ...shared] = views.map(([name]) => name)
  const all = Object.entries(uses)
    .filter(([name]) => !shared.includes(name))
    .map(([name, resource]) => {
      return { name, resource, opened: resource.open(restrictToStores(config, resource.stores), log, contract) }
    })
  const transactional = all.find(({ resource }) => resource.transaction)
  const others = all.filter((one) => one !== transactional)
  const recorder = all.find(({ resource }) => resource.recordUse)
  return {
    bind: (request) =>
      Object.fromEntries(others.map(({ name, resource, opened }) => [name, resource.bind(opened, request(name))])),
    transaction: transactional && transactionOf(transactional, views),
    policy: all.flatMap((one) => policyOf(one) ?? [])[0],
    runEffects: async (effects, signal) => {
      for (const { resource: name, payload } of effects) {
        const { resource, opened } = all.find((one) => one.name === name) ?? {}
        if (!resource?.runEffect) throw new Error(`\`${name}\` has pending effects, and the handler no longer uses it`)
        await resource.runEffect(opened, payload, { signal })
      }
    },
    recordUse: recorder && (async (...used) => recorder.resource.recordUse?.(recorder.opened, ...used)),
    ready: async () => {
      await Promise.all(all.map(({ resource, opened }) => resource.ready?.(opened)))
    },
    close: async () => {
      await Promise.all(all.map(({ resource, opened }) => resource.close?.(opened)))
    },
  }
}

interface OpenedResource {
  readonly name: string
  readonly resource: Resource<unknown>
  readonly opened: unknown
}

function transactionOf(
  { resource, opened }: OpenedResource,
  views: readonly (readonly [string, Resource<unknown>])[],
): OpenedTransaction | undefined {
  const { transaction } = resource
  if (!transaction) return undefined
  return {
    // What a transaction binds is what its own resources make their views of.
    bind: (shared) =>
      Object.fromEntries(views.map(([name, { view }]) => [name, view ? view(shared as never) : shared])),
    run: (options, work) => transaction.run(opened, options, work),
    clearPendingEffects: (event) => transaction.clearPendingEffects(opened, event),
  }
}

function policyOf({ resource, opened }: OpenedResource): OpenedPolicy | undefined {
  const { decide } = resource
  return decide && { decide: (question, request) => decide(opened, question, request) }
}
