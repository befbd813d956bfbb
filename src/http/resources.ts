import {
  type BindContext,
  type Config,
  type Effect,
  type EventKey,
  type Log,
  type Resource,
  restrictToStores,
  type TransactionOptions,
  type TransactionWork,
} from '../kernel/index.ts'
import type { Uses } from './implement.ts'

/** The resources of one function, opened. */
export interface OpenedResources {
  /** Lends everything but what the transaction lends itself; each resource by the name that `uses` gives it. */
  bind(request: (name: string) => BindContext): Record<string, unknown>
  /** Runs one request in the transactional resource, which is lent under its name. */
  readonly transaction: OpenedTransaction | undefined
  /** Does, one after the other, what is outstanding after a commit. */
  carryOut(effects: readonly Effect[], signal: AbortSignal): Promise<void>
  /** Rejects while one of them cannot serve. */
  ready(): Promise<void>
  close(): Promise<void>
}

export interface OpenedTransaction {
  readonly name: string
  run<Result>(options: TransactionOptions, work: TransactionWork<unknown, Result>): Promise<Result>
  clearOutstanding(event: EventKey): Promise<void>
}

/** Opens what a function uses. Nothing connects before it is needed. */
export function openResources(uses: Uses, config: Config, log: Log): OpenedResources {
  const all = Object.entries(uses).map(([name, resource]) => {
    return { name, resource, opened: resource.open(restrictToStores(config, resource.stores), log) }
  })
  const transactional = all.find(({ resource }) => resource.transaction)
  const others = all.filter((one) => one !== transactional)
  return {
    bind: (request) =>
      Object.fromEntries(others.map(({ name, resource, opened }) => [name, resource.bind(opened, request(name))])),
    transaction: transactional && transactionOf(transactional),
    carryOut: async (effects, signal) => {
      for (const { resource: name, payload } of effects) {
        const { resource, opened } = all.find((one) => one.name === name) ?? {}
        if (!resource?.carryOut)
          throw new Error(`\`${name}\` has something outstanding, and the handler uses it no more`)
        await resource.carryOut(opened, payload, { signal })
      }
    },
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

function transactionOf({ name, resource, opened }: OpenedResource): OpenedTransaction | undefined {
  const { transaction } = resource
  if (!transaction) return undefined
  return {
    name,
    run: (options, work) => transaction.run(opened, options, work),
    clearOutstanding: (event) => transaction.clearPendingEffects(opened, event),
  }
}
