import { expect, it } from '@jest/globals'
import { type AllowedTraffic, findAllowedTraffic, policyOf, selects } from './allowed-traffic.ts'
import { describeChart, KNATIVE, type Manifest, namesOf, ofKind, PROMETHEUS, renderChart, type Values } from './helm.ts'
import { componentOf, podsOf } from './pods.ts'

const backup = { postgres: { bundled: { backup: { enabled: true } } } }

const policiesOf = (manifests: readonly Manifest[]) => ofKind(manifests, 'NetworkPolicy').map(policyOf)

/** What each part may do, by its name. */
async function arrowsByPart(values: Values = {}, apis: readonly string[] = []) {
  const manifests = await renderChart(values, { apis })
  const policies = policiesOf(manifests)
  const parts = podsOf(manifests).map((pod) => [componentOf(pod), findAllowedTraffic(policies, pod.labels)] as const)
  return Object.fromEntries(parts) as Readonly<Record<string, AllowedTraffic>>
}

const DNS = 'kube-system/kube-dns:53'

describeChart('the network', () => {
  it('is closed both ways for every pod, and each part has one policy that opens what it needs', async () => {
    for (const apis of [[], [KNATIVE]]) {
      const manifests = await renderChart(backup, { apis })
      const parts = ['backup', 'function', 'gateway', 'migrate', 'postgres', 'redis', 'relay', 'test']
      const names = namesOf(ofKind(manifests, 'NetworkPolicy'))
      expect(names).toEqual([...parts, 'default-deny'].map((part) => `ebb-${part}`).sort())
      const closed = ofKind(manifests, 'NetworkPolicy').find(({ metadata }) => metadata.name === 'ebb-default-deny')
      expect(closed?.spec).toMatchObject({ policyTypes: ['Ingress', 'Egress'] })
      expect(closed?.spec).not.toHaveProperty('ingress')
      expect(closed?.spec).not.toHaveProperty('egress')
      for (const { of, labels } of podsOf(manifests)) {
        expect([of, closed && selects(policyOf(closed).podSelector, labels)]).toEqual([of, true])
      }
    }
  })

  it('has exactly these arrows on Kubernetes', async () => {
    expect(await arrowsByPart(backup)).toEqual({
      gateway: {
        from: ['anybody:8080', 'test:8081'],
        to: ['function:8080', DNS, 'postgres:5432', 'redis:6379'],
      },
      relay: { from: [], to: ['function:8080', DNS, 'postgres:5432'] },
      function: { from: ['gateway:8080', 'relay:8080'], to: [DNS, 'postgres:5432', 'redis:6379'] },
      migrate: { from: [], to: [DNS, 'postgres:5432'] },
      postgres: {
        from: ['backup:5432', 'function:5432', 'gateway:5432', 'migrate:5432', 'relay:5432'],
        to: [],
      },
      redis: { from: ['function:6379', 'gateway:6379'], to: [] },
      backup: { from: [], to: [DNS, 'postgres:5432'] },
      test: { from: [], to: ['gateway:8080', 'gateway:8081', DNS] },
    })
  })

  it('has on Knative its ingress, activator and autoscaler between, where the values say that they are', async () => {
    const knative = { namespace: 'serving', ingressNamespaces: ['way-in'], ingressPorts: [8081] }
    const { gateway, relay, function: fn } = await arrowsByPart({ knative }, [KNATIVE])
    expect(gateway?.to).toEqual([DNS, 'postgres:5432', 'redis:6379', 'way-in:8081'])
    expect(relay?.to).toEqual([DNS, 'postgres:5432', 'way-in:8081'])
    expect(fn?.from).toEqual([
      ...['serving/activator:8012', 'serving/activator:8013', 'serving/activator:8112', 'serving/autoscaler:9090'],
      ...['way-in:8012', 'way-in:8013', 'way-in:8112'],
    ])
  })

  it('lets Prometheus in where it is', async () => {
    const {
      gateway,
      relay,
      function: fn,
    } = await arrowsByPart({ monitoring: { namespaces: ['eyes'] } }, [KNATIVE, PROMETHEUS])
    expect(gateway?.from).toContain('eyes:8081')
    expect(relay?.from).toEqual(['eyes:8081'])
    expect(fn?.from).toContain('eyes:9091')
  })

  it('lets in at the gateway whom the values name', async () => {
    const edge = { namespaceSelector: { matchLabels: { 'kubernetes.io/metadata.name': 'edge' } } }
    const { gateway } = await arrowsByPart({ networkPolicy: { gatewayFrom: [edge] } })
    expect(gateway?.from).toEqual(['edge:8080', 'test:8080', 'test:8081'])
  })

  it('goes to the stores, the collector and the mail server where those are', async () => {
    const { function: fn, gateway } = await arrowsByPart({
      postgres: {
        ...{ mode: 'external', owner: { existingSecret: 'o' }, app: { existingSecret: 'a' } },
        external: { egress: ['10.1.2.3:5432', '10.9.0.0/16:5433'] },
      },
      redis: { mode: 'external', existingSecret: 'r', external: { egress: ['redis.caches.svc:6379'] } },
      telemetry: { otlpEndpoint: 'http://collector.telemetry.svc:4318' },
      mail: { existingSecret: 'm', egress: ['smtp.example.com:465'] },
    })
    const stores = ['10.1.2.3/32:5432', '10.9.0.0/16:5433', 'caches:6379']
    // Of the functions it is the last one, which mails.
    expect(fn?.to).toEqual([...stores, DNS, 'public:465', 'telemetry:4318'])
    expect(gateway?.to).toEqual([...stores, 'function:8080', DNS, 'telemetry:4318'])
  })

  it('goes from the gateway to the issuers of access tokens, and from nobody else', async () => {
    const issuer = { audience: 'api', algorithms: ['RS256'] }
    const issuers = [
      { ...issuer, issuer: 'https://login.example', jwksUri: 'https://keys.example:8443/keys' },
      { ...issuer, issuer: 'http://dex.auth.svc:5556/dex', allowHttp: true, subjectPrefix: 'dex:' },
      { ...issuer, issuer: 'https://sso.example', subjectPrefix: 'sso:', egress: ['10.1.2.3:8080'] },
    ]
    const parts = await arrowsByPart({ issuers })
    expect(parts.gateway?.to).toEqual([
      ...[
        '10.1.2.3/32:8080',
        'auth:5556',
        'function:8080',
        DNS,
        'postgres:5432',
        'public:443',
        'public:8443',
        'redis:6379',
      ],
    ])
    const others = Object.entries(parts).filter(([name]) => name !== 'gateway')
    expect(others.flatMap(([, { to }]) => to.filter((arrow) => /^(auth|public|10\.)/.test(arrow)))).toEqual([])
  })

  it('goes from the gateway to what is told of purges, as its URL says or as is said', async () => {
    const toOf = async (cdn: object) => (await arrowsByPart({ gateway: { cdn } })).gateway?.to
    expect(await toOf({ purgeUrl: 'https://hooks.example:8443/purge' })).toContain('public:8443')
    expect(await toOf({ purgeUrl: 'http://hooks.edge.svc/purge' })).toContain('edge:80')
    expect(await toOf({ purgeUrl: 'https://hooks.example/purge', egress: ['10.1.2.3:443'] })).toContain(
      '10.1.2.3/32:443',
    )
  })

  it('goes from the relay to public https addresses where it makes callbacks', async () => {
    const toOf = async (relay: object) => (await arrowsByPart({ relay })).relay?.to
    expect(await toOf({ callbacks: { existingSecret: 'callbacks' } })).toContain('public:443')
    expect(await toOf({})).not.toContain('public:443')
  })

  it('lets CloudNativePG`s servers be reached by those who need them, by its pooler and by its operator', async () => {
    const manifests = await renderChart({ postgres: { mode: 'cnpg', pooler: 'cnpg' } })
    const [server, pooler] = ['cnpg.io/cluster=ebb-postgres', 'cnpg.io/poolerName=ebb-postgres-pooler']
    expect(findAllowedTraffic(policiesOf(manifests), { 'cnpg.io/cluster': 'ebb-postgres' }).from).toEqual([
      ...['cnpg-system:5432', 'cnpg-system:8000', `${server}:5432`, `${pooler}:5432`],
      ...['function:5432', 'gateway:5432', 'migrate:5432', 'relay:5432'],
    ])
    const relay = podsOf(manifests).find((pod) => componentOf(pod) === 'relay')
    const to = findAllowedTraffic(policiesOf(manifests), relay?.labels ?? {}).to
    expect(to).toEqual([`${server}:5432`, `${pooler}:5432`, 'function:8080', DNS])
    const fn = podsOf(manifests).find((pod) => componentOf(pod) === 'function')
    expect(findAllowedTraffic(policiesOf(manifests), fn?.labels ?? {}).to).toEqual([
      `${pooler}:5432`,
      DNS,
      'redis:6379',
    ])
  })

  it('leads functions to the pooler alone, and to the database itself those who listen or migrate', async () => {
    const postgres = { pooler: 'external', poolerAddress: '10.1.2.3:6432' }
    const { function: fn, gateway, relay, migrate } = await arrowsByPart({ postgres })
    expect(fn?.to).toEqual(['10.1.2.3/32:6432', DNS, 'redis:6379'])
    for (const part of [gateway, relay, migrate]) expect(part?.to).toEqual(expect.arrayContaining(['postgres:5432']))
    for (const part of [gateway, relay]) expect(part?.to).toContain('10.1.2.3/32:6432')
  })

  it('leads from a function to those that its contract calls, and from no other; on Knative to its ingress', async () => {
    const functions = { 'take-order': { calls: ['price-order'] }, 'price-order': {}, 'list-orders': {} }
    const arrowsOf = async (apis: readonly string[]) => {
      const manifests = await renderChart({ knative: { ingressNamespaces: ['way-in'] } }, { functions, apis })
      const pods = podsOf(manifests).map(
        (pod) => [pod.of, findAllowedTraffic(policiesOf(manifests), pod.labels)] as const,
      )
      return Object.entries(functions).map(([name]) => pods.find(([of]) => of.endsWith(` ${name}`))?.[1])
    }
    const stores = [DNS, 'postgres:5432', 'redis:6379']
    const services = ['gateway:8080', 'relay:8080']
    expect(await arrowsOf([])).toEqual([
      { from: services, to: [...stores, 'function:8080'].sort() },
      { from: [...services, 'function:8080'].sort(), to: stores },
      { from: services, to: stores },
    ])
    const named = ofKind(await renderChart({}, { functions }), 'NetworkPolicy').map(({ metadata, spec }) => [
      metadata.name,
      [...JSON.stringify(spec).matchAll(/"app.kubernetes.io\/name":"([a-z]+-orders?)"/g)].map(([, name]) => name),
    ])
    expect(named.filter(([name]) => String(name).includes('-order-'))).toEqual([
      ['take-order-calls', ['take-order', 'price-order']],
      ['price-order-called', ['price-order', 'take-order']],
    ])
    const knative = await arrowsOf([KNATIVE])
    expect(knative.map((arrows) => arrows?.to.filter((to) => !stores.includes(to)))).toEqual([['way-in:8081'], [], []])
  })

  it('opens to one function alone what its contract names', async () => {
    const functions = { 'charge-card': { egress: ['api.example.com:443', 'ledger:80'] }, 'take-order': {} }
    const manifests = await renderChart({}, { functions })
    const policies = policiesOf(manifests)
    const to = Object.fromEntries(podsOf(manifests).map((pod) => [pod.of, findAllowedTraffic(policies, pod.labels).to]))
    expect(to['Deployment charge-card']).toEqual(expect.arrayContaining(['public:443', 'this namespace:80']))
    expect(to['Deployment take-order']).toEqual([DNS, 'postgres:5432', 'redis:6379'])
  })

  it('leads to the mail server from those who use mail', async () => {
    const functions = {
      'mail-it': { uses: ['mail'], egress: ['api.example.com:443'] },
      'take-order': { uses: ['postgres'] },
    }
    const manifests = await renderChart({ mail: { existingSecret: 'm', egress: ['10.1.2.3:465'] } }, { functions })
    const policies = policiesOf(manifests)
    const to = Object.fromEntries(podsOf(manifests).map((pod) => [pod.of, findAllowedTraffic(policies, pod.labels).to]))
    expect(to['Deployment mail-it']).toEqual(expect.arrayContaining(['10.1.2.3/32:465', 'public:443']))
    expect(to['Deployment take-order']).not.toContain('10.1.2.3/32:465')
    expect(to['Deployment ebb-gateway']).not.toContain('10.1.2.3/32:465')
  })

  it.each(['api.example.com:443', '*:443'])('opens no private address by a name: %s', async (host) => {
    const functions = { 'charge-card': { egress: [host] } }
    const manifests = await renderChart({}, { functions })
    const [own] = ofKind(manifests, 'NetworkPolicy').filter(({ metadata }) => metadata.name === 'charge-card')
    const [blocks] = own && policyOf(own).egress ? policyOf(own).egress!.map(({ to = [] }) => to) : []
    expect(blocks?.map(({ ipBlock }) => ipBlock?.cidr)).toEqual(['0.0.0.0/0', '::/0'])
    const except = blocks?.flatMap(({ ipBlock }) => ipBlock?.except ?? [])
    const metadataServer = '169.254.0.0/16'
    expect(except).toEqual(expect.arrayContaining(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', metadataServer]))
  })

  it('is not restricted where it is switched off', async () => {
    expect(ofKind(await renderChart({ networkPolicy: { enabled: false } }), 'NetworkPolicy')).toEqual([])
  })
})
