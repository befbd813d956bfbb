import type { ResolvedDeployment } from '../../contract/index.ts'
import type { Manifest } from './manifest.ts'
import { type DeployedFunction, labelsOf, PART_OF, type Part, usersOf } from './platform.ts'

const KNATIVE = 'knative-serving'
/** Where Knative's ingress is, by which it routes: Kourier's; the other one is that of our test cluster. */
const INGRESS = { namespaces: ['kourier-system', 'knative-ingress'], port: 8081 }
/** Where a collector and Prometheus may be. */
const MONITORING = ['monitoring']

/** queue-proxy's, by which a function is reached, and what the autoscaler and Prometheus read there. */
const QUEUE_PROXY = { requests: [8012, 8013, 8112], autoscaler: 9090, metrics: 9091 }
const OTLP = 4318

/** All but what no address of the web has. */
const INTERNET = [
  {
    cidr: '0.0.0.0/0',
    except: ['10.0.0.0/8', '100.64.0.0/10', '127.0.0.0/8', '169.254.0.0/16', '172.16.0.0/12', '192.168.0.0/16'],
  },
  { cidr: '::/0', except: ['::1/128', 'fc00::/7', 'fe80::/10'] },
].map((ipBlock) => ({ ipBlock }))

/** Both ways are closed for all pods of an Ebb, but for the arrows of the architecture. */
export function networkPolicies(placements: readonly DeployedFunction[]): readonly Manifest[] {
  const database = { to: [pods('postgres')], ports: [port(5432)] }
  const cache = { to: [pods('redis')], ports: [port(6379)] }
  const collector = { to: [namespaces(MONITORING)], ports: [port(OTLP)] }
  const functions = { to: [namespaces(INGRESS.namespaces)], ports: [port(INGRESS.port)] }
  const scraped = (number: number) => ({ from: [namespaces(MONITORING)], ports: [port(number)] })
  const activator = [knative('activator'), namespaces(INGRESS.namespaces)]
  const mailers = usersOf('mail', placements)
  const everybody = { matchLabels: { 'app.kubernetes.io/part-of': PART_OF } }
  return [
    policy('ebb-default-deny', everybody, { ingress: [], egress: [] }),
    policy('ebb-dns', { ...everybody, matchExpressions: [CALLERS] }, { egress: [DNS] }),
    policy('ebb-gateway', component('gateway'), {
      ingress: [{ ports: [port(8080)] }, scraped(8081)],
      egress: [functions, database, cache, collector],
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
    ...(mailers.length > 0 ? [mailPolicy(mailers)] : []),
  ]
}

/** For whoever uses mail: an overlay says where that is handed in. */
const mailPolicy = (names: readonly string[]) =>
  policy(
    'ebb-mail',
    { ...component('function'), matchExpressions: [{ key: 'app.kubernetes.io/name', operator: 'In', values: names }] },
    { egress: [] },
  )

/** What lets the parts of an Ebb reach a store that runs beside them, and nobody else. */
export function storePolicy(store: 'postgres' | 'redis', number: number, parts: readonly Part[]): Manifest {
  return policy(`ebb-${store}`, component(store), { ingress: [{ from: parts.map(pods), ports: [port(number)] }] })
}

/**
 * Lets a function call the hosts of its contract, each at its port, which is the pods' own and not their Service's. A
 * NetworkPolicy knows no host names. An address is opened as it is; for a name in the cluster it is all pods of that
 * namespace; for any other name everything but private networks.
 */
export function egressPolicy({ name, egress }: ResolvedDeployment): Manifest {
  return policy(`${name}-egress`, { matchLabels: labelsOf('function', name) }, { egress: egress.map(egressRule) })
}

function egressRule(hostAndPort: string): Manifest {
  const [host = '', number] = hostAndPort.split(':')
  return { to: peersOf(host), ports: [port(Number(number))] }
}

function peersOf(host: string): readonly Manifest[] {
  if (/^[\d.]+$/.test(host)) return [{ ipBlock: { cidr: `${host}/32` } }]
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
  // Object.keys of what has no other keys.
  const policyTypes = (Object.keys(rules) as (keyof Rules)[]).map((way) => types[way])
  return {
    apiVersion: 'networking.k8s.io/v1',
    kind: 'NetworkPolicy',
    metadata: { name, labels: { 'app.kubernetes.io/part-of': PART_OF } },
    spec: { podSelector, policyTypes, ...rules },
  }
}

const component = (part: Part) => ({
  matchLabels: { 'app.kubernetes.io/part-of': PART_OF, 'app.kubernetes.io/component': part },
})

const pods = (part: Part) => ({ podSelector: component(part) })

const namespaces = (names: readonly string[]) => ({
  namespaceSelector: { matchExpressions: [{ key: 'kubernetes.io/metadata.name', operator: 'In', values: names }] },
})

const knative = (app: string) => ({ ...namespaces([KNATIVE]), podSelector: { matchLabels: { app } } })

const port = (number: number, protocol = 'TCP') => ({ protocol, port: number })

/** Who calls others by their names. */
const CALLERS = {
  ...{ key: 'app.kubernetes.io/component', operator: 'In' },
  values: ['function', 'gateway', 'relay', 'migrate'] satisfies Part[],
}

const DNS = {
  to: [{ ...namespaces(['kube-system']), podSelector: { matchLabels: { 'k8s-app': 'kube-dns' } } }],
  ports: [port(53, 'UDP'), port(53)],
}
