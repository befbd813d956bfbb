import type { ResolvedDeployment } from '../../contract/index.ts'
import type { Chart } from './chart.ts'
import type { Manifest } from './manifest.ts'
import { type Component, type DeployedFunction, labelsOf, PART_OF, usersOf } from './platform.ts'
import type { DeployedProxy } from './proxies.ts'

/** The namespace of Knative's ingress in our test cluster. */
const TEST_INGRESS = 'knative-ingress'

/** The ports of queue-proxy: for requests, for the autoscaler, and for Prometheus. */
const QUEUE_PROXY = { requests: [8012, 8013, 8112], autoscaler: 9090, metrics: 9091 }
const OTLP = 4318

/** All addresses except private and special-use ones. */
const INTERNET = [
  {
    cidr: '0.0.0.0/0',
    except: ['10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16'],
  },
  { cidr: '::/0', except: ['::1/128', 'fc00::/7', 'fe80::/10'] },
].map((ipBlock) => ({ ipBlock }))

/** Denies all traffic of the pods of an Ebb, both ways, except what the architecture needs. */
export function networkPolicies(
  deployedFunctions: readonly DeployedFunction[],
  proxies: readonly DeployedProxy[],
  chart: Chart,
): readonly Manifest[] {
  const monitoring = namespaces(chart.monitoring.namespaces)
  const ingress = namespaces([...chart.knative.ingressNamespaces, TEST_INGRESS])
  const knative = (app: string) => ({ ...namespaces([chart.knative.namespace]), podSelector: { matchLabels: { app } } })
  const database = { to: [pods('postgres')], ports: [port(5432)] }
  const cache = { to: [pods('redis')], ports: [port(6379)] }
  const collector = { to: [monitoring], ports: [port(OTLP)] }
  const functions = { to: [ingress], ports: chart.knative.ingressPorts.map((number) => port(number)) }
  const scraped = (number: number) => ({ from: [monitoring], ports: [port(number)] })
  const activator = [knative('activator'), ingress]
  const mailers = usersOf('mail', deployedFunctions)
  const callers = deployedFunctions.filter(({ calls }) => calls.length > 0).map(({ name }) => name)
  const storers = usersOf('objects', deployedFunctions)
  const allPods = { matchLabels: { 'app.kubernetes.io/part-of': PART_OF } }
  return [
    policy('ebb-default-deny', allPods, { ingress: [], egress: [] }),
    policy('ebb-dns', { ...allPods, matchExpressions: [CALLERS] }, { egress: [dns(chart)] }),
    policy('ebb-gateway', component('gateway'), {
      ingress: [{ ports: [port(8080)] }, scraped(8081)],
      egress: [functions, database, cache, collector, ...servicesOf(proxies)],
    }),
    policy('ebb-relay', component('relay'), { ingress: [scraped(8081)], egress: [functions, database, collector] }),
    policy('ebb-functions', component('function'), {
      ingress: [
        { from: activator, ports: QUEUE_PROXY.requests.map((number) => port(number)) },
        { from: [knative('autoscaler')], ports: [port(QUEUE_PROXY.autoscaler)] },
        scraped(QUEUE_PROXY.metrics),
      ],
      egress: [database, cache, collector],
    }),
    policy('ebb-migrate', component('migrate'), { egress: [database] }),
    ...(mailers.length > 0 ? [userPolicy('ebb-mail', mailers)] : []),
    ...(storers.length > 0 ? [userPolicy('ebb-objects', storers)] : []),
    ...(callers.length > 0 ? [policy('ebb-calls', named(callers), { egress: [functions] })] : []),
  ]
}

/** Lets the console reach the issuer, wherever that is, and the gateways' admin ports; whoever may reach it, an overlay may narrow. */
export const consolePolicies = (): readonly Manifest[] => [
  policy('ebb-console', component('console'), {
    ingress: [{ ports: [port(8080)] }],
    egress: [
      { to: [pods('gateway')], ports: [port(8081)] },
      { to: INTERNET, ports: [port(443)] },
    ],
  }),
  policy('ebb-gateway-admin', component('gateway'), { ingress: [{ from: [pods('console')], ports: [port(8081)] }] }),
]

/** Where the services behind proxies are, each once. */
const servicesOf = (proxies: readonly DeployedProxy[]): readonly Manifest[] =>
  [...new Set(proxies.flatMap(({ egress }) => egress))].map(egressRule)

/** For the functions that use mail, or objects: an overlay opens the way to the SMTP server, or the store. */
const userPolicy = (name: string, names: readonly string[]) => policy(name, named(names), { egress: [] })

/** These functions. */
const named = (names: readonly string[]) => ({
  ...component('function'),
  matchExpressions: [{ key: 'app.kubernetes.io/name', operator: 'In', values: names }],
})

/** Lets only these parts reach a bundled store. */
export function storePolicy(store: 'postgres' | 'redis', number: number, parts: readonly Component[]): Manifest {
  return policy(`ebb-${store}`, component(store), { ingress: [{ from: parts.map(pods), ports: [port(number)] }] })
}

/**
 * Lets a function call the hosts of its contract. The port is that of the pods, not of their Service. A NetworkPolicy knows no
 * host names: an address is allowed as it is, a name in the cluster allows all pods of its namespace, and any other name
 * allows all public addresses.
 */
export function egressPolicy({ name, egress }: ResolvedDeployment): Manifest {
  return policy(`${name}-egress`, { matchLabels: labelsOf('function', name) }, { egress: egress.map(egressRule) })
}

function egressRule(hostAndPort: string): Manifest {
  const [, host = '', number] = /^(.+):(\d+)$/.exec(hostAndPort) ?? []
  return { to: peersOf(host), ports: [port(Number(number))] }
}

function peersOf(host: string): readonly Manifest[] {
  if (host === '*') return INTERNET
  if (/^[\d.]+$/.test(host)) return [{ ipBlock: { cidr: `${host}/32` } }]
  if (host.startsWith('[')) return [{ ipBlock: { cidr: `${host.slice(1, -1)}/128` } }]
  if (!host.includes('.')) return [{ podSelector: {} }]
  const [, namespace] = /^[^.]+\.([^.]+)\.svc(\.|$)/.exec(host) ?? []
  return namespace ? [namespaces([namespace])] : INTERNET
}

interface Rules {
  readonly ingress?: readonly Manifest[]
  readonly egress?: readonly Manifest[]
}

function policy(name: string, podSelector: Manifest, rules: Rules): Manifest {
  const types = { ingress: 'Ingress', egress: 'Egress' } as const
  // Rules has no other keys.
  const policyTypes = (Object.keys(rules) as (keyof Rules)[]).map((way) => types[way])
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, labels: { 'app.kubernetes.io/part-of': PART_OF } },
    spec: { podSelector, policyTypes, ...rules },
  }
}

const component = (part: Component) => ({
  matchLabels: { 'app.kubernetes.io/part-of': PART_OF, 'app.kubernetes.io/component': part },
})

const pods = (part: Component) => ({ podSelector: component(part) })

const namespaces = (names: readonly string[]) => ({
  namespaceSelector: { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: names }] },
})

const port = (number: number, protocol = 'TCP') => ({ protocol, port: number })

/** The pods that resolve names. */
const CALLERS = {
  ...{ key: 'app.kubernetes.io/component', operator: 'In' },
  values: ['function', 'gateway', 'relay', 'migrate', 'console'] satisfies Component[],
}

const dns = ({ networkPolicy: { dns } }: Chart) => ({
  to: [{ ...namespaces([dns.namespace]), podSelector: { matchLabels: dns.podLabels } }],
  ports: [port(53, 'UDP'), port(53)],
})
