import type { Config, Lending, Log, Transaction } from '../kernel/index.ts'
import type { Uses } from './implement.ts'

/** The resources of one function, opened. */
export interface OpenedResources {
  /** Lends everything but what the transaction lends itself. */
  lend(request: () => Lending): Record<string, unknown>
  /** Runs one request in the transactional resource, which is lent under the name that `uses` gives it. */
  readonly transaction: { readonly name: string; readonly run: Transaction<unknown, void>['run'] } | undefined
  /** Rejects while one of them cannot serve. */
  ready(): Promise<void>
  close(): Promise<void>
}

/** Opens what a function uses. Nothing connects before it is needed. */
export function openResources(uses: Uses, config: Config, log: Log): OpenedResources {
  const all = Object.entries(uses).map(([name, resource]) => ({ name, resource, opened: resource.open(config, log) }))
  const transactional = all.find(({ resource }) => resource.transaction)
  const others = all.filter((one) => one !== transactional)
  return {
    lend: (request) =>
      Object.fromEntries(others.map(({ name, resource, opened }) => [name, resource.lend(opened, request())])),
    transaction: transactional && {
      name: transactional.name,
      run: (_opened, options, work) => {
        const { resource, opened } = transactional
        if (!resource.transaction) throw new TypeError(`${transactional.name} has no transactions`)
        return resource.transaction(opened, options, work)
      },
    },
    ready: async () => {
      await Promise.all(all.map(({ resource, opened }) => resource.ready?.(opened)))
    },
    close: async () => {
      await Promise.all(all.map(({ resource, opened }) => resource.close?.(opened)))
    },
  }
}
