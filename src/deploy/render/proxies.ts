import { type AnyContract, describeProxy, longestMs } from '../../contract/index.ts'

/** A proxy as the clusters need it: the gateway connects to its service. */
export interface DeployedProxy {
  readonly name: string
  readonly timeoutMs: number
  readonly url: string
  /** Each as `host:port`. */
  readonly egress: readonly string[]
}

/** The proxies among the contracts, by their names. */
export const proxiesOf = (contracts: Readonly<Record<string, AnyContract>>): readonly DeployedProxy[] =>
  Object.values(contracts)
    .filter((contract) => contract.kind === 'proxy')
    .map((contract) => {
      const { name, upstream } = contract
      return {
        name,
        timeoutMs: longestMs(describeProxy(contract)),
        url: upstream.url,
        egress: upstream.egress ?? [hostOf(upstream.url)],
      }
    })
    .sort((a, b) => (a.name < b.name ? -1 : 1))

function hostOf(text: string): string {
  const { hostname, port, protocol } = new URL(text)
  return `${hostname}:${port || (protocol === 'https:' ? 443 : 80)}`
}
