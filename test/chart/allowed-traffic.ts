import type { Manifest } from './helm.ts'

interface Selector {
  readonly matchLabels?: Readonly<Record<string, string>>
  readonly matchExpressions?: readonly { readonly key: string; readonly values: readonly string[] }[]
}

interface Peer {
  readonly podSelector?: Selector
  readonly namespaceSelector?: Selector
  readonly ipBlock?: { readonly cidr: string; readonly except?: readonly string[] }
}

interface Policy {
  readonly podSelector: Selector
  readonly policyTypes: readonly string[]
  readonly ingress?: readonly { readonly from?: readonly Peer[]; readonly ports: readonly { port: number }[] }[]
  readonly egress?: readonly { readonly to?: readonly Peer[]; readonly ports: readonly { port: number }[] }[]
}

const COMPONENT = 'app.kubernetes.io/component'

/** A policy's spec, of a manifest that is one. */
export const policyOf = ({ spec }: Manifest) => spec as unknown as Policy

export const selects = (
  { matchLabels = {}, matchExpressions = [] }: Selector,
  labels: Readonly<Record<string, string>>,
) =>
  Object.entries(matchLabels).every(([name, value]) => labels[name] === value) &&
  matchExpressions.every(({ key, values }) => values.includes(labels[key] ?? ''))

export interface AllowedTraffic {
  /** Who may come in, as `who:port`. */
  readonly from: readonly string[]
  readonly to: readonly string[]
}

/** What all these policies together allow a pod with these labels. */
export function findAllowedTraffic(
  policies: readonly Policy[],
  labels: Readonly<Record<string, string>>,
): AllowedTraffic {
  const mine = policies.filter(({ podSelector }) => selects(podSelector, labels))
  const from = mine.flatMap(({ ingress = [] }) => ingress.flatMap((rule) => listConnections(rule.from, rule.ports)))
  const to = mine.flatMap(({ egress = [] }) => egress.flatMap((rule) => listConnections(rule.to, rule.ports)))
  return { from: unique(from), to: unique(to) }
}

const unique = (list: readonly string[]) => [...new Set(list)].sort()

const listConnections = (peers: readonly Peer[] | undefined, ports: readonly { port: number }[]) =>
  (peers?.flatMap(nameOf) ?? ['anybody']).flatMap((name) => ports.map(({ port }) => `${name}:${port}`))

function nameOf({ podSelector, namespaceSelector, ipBlock }: Peer): readonly string[] {
  if (ipBlock) return [ipBlock.except ? 'public' : ipBlock.cidr]
  const pods = Object.entries(podSelector?.matchLabels ?? {})
  if (!namespaceSelector) {
    const components =
      podSelector?.matchExpressions?.flatMap(({ values }) => values) ??
      (podSelector?.matchLabels?.[COMPONENT] ? [podSelector.matchLabels[COMPONENT]] : undefined)
    return components ?? (pods.length > 0 ? pods.map(([name, value]) => `${name}=${value}`) : ['this namespace'])
  }
  const { matchLabels = {}, matchExpressions = [] } = namespaceSelector
  const namespaces = [...Object.values(matchLabels), ...matchExpressions.flatMap(({ values }) => values)]
  return namespaces.map((namespace) => [namespace, ...pods.map(([, value]) => value)].join('/'))
}
