import { expect, it } from '@jest/globals'
import { parseConfig } from 'ebb/kernel'
import { describeChart, KNATIVE, ofKind, renderChart, type Values } from './helm.ts'
import { componentOf, podsOf, secretFilesOf, settingsOf } from './pods.ts'

/** Everything on, so that every kind of pod is there. */
const everything = {
  postgres: { bundled: { backup: { enabled: true } } },
  mail: { existingSecret: 'smtp', egress: ['smtp.example.com:465'] },
  functionSecrets: { existingSecret: 'of-the-team' },
}
const functions = {
  'charge-card': { kind: 'endpoint', secrets: ['STRIPE_KEY'], resources: { limits: { memory: '1Gi' } } },
}
const once = <Value>(make: () => Promise<Value>) => {
  let made: Promise<Value> | undefined
  return () => (made ??= make())
}
const withKubernetes = once(() => renderChart(everything, { functions }))
const withKnative = once(() => renderChart(everything, { functions, apis: [KNATIVE] }))
const all = async () => [...(await withKubernetes()), ...(await withKnative())]
const COMPONENTS = ['backup', 'function', 'gateway', 'migrate', 'postgres', 'redis', 'relay', 'test']

describeChart('every pod', () => {
  it('is looked at here', async () => {
    for (const manifests of [await withKubernetes(), await withKnative()]) {
      expect([...new Set(podsOf(manifests).map(componentOf))].sort()).toEqual(COMPONENTS)
    }
  })

  it('is `restricted`, without exceptions, and writes nowhere but where it is given a volume', async () => {
    for (const { of, spec } of podsOf(await all())) {
      for (const name of ['hostNetwork', 'hostPID', 'hostIPC']) expect(spec).not.toHaveProperty(name)
      expect(spec.initContainers).toBeUndefined()
      for (const { securityContext } of spec.containers) {
        expect([of, securityContext]).toEqual([
          of,
          {
            allowPrivilegeEscalation: false,
            capabilities: { drop: ['ALL'] },
            readOnlyRootFilesystem: true,
            runAsNonRoot: true,
            runAsUser: expect.any(Number),
            runAsGroup: expect.any(Number),
            seccompProfile: { type: 'RuntimeDefault' },
          },
        ])
        expect(securityContext?.runAsUser).not.toBe(0)
      }
      const volumes = spec.volumes.flatMap((volume) => Object.keys(volume).filter((key) => key !== 'name'))
      expect(['projected', 'emptyDir', 'configMap', 'persistentVolumeClaim']).toEqual(expect.arrayContaining(volumes))
    }
  })

  it('has an account of its own part, and no token of it', async () => {
    const manifests = await all()
    const accounts = ofKind(manifests, 'ServiceAccount')
    for (const account of accounts) expect(account).toHaveProperty('automountServiceAccountToken', false)
    for (const pod of podsOf(manifests)) {
      const serviceAccountName = `ebb-${componentOf(pod)}`
      expect([pod.of, pod.spec]).toMatchObject([pod.of, { serviceAccountName, automountServiceAccountToken: false }])
      expect(pod.spec.enableServiceLinks).toBe(false)
      expect(accounts.map(({ metadata }) => metadata.name)).toContain(serviceAccountName)
    }
  })

  it('asks for CPU and memory, and has a limit of memory and none of CPU', async () => {
    const withDefaults = await renderChart({}, { apis: [KNATIVE] })
    for (const { of, spec } of podsOf([...withDefaults, ...(await withKubernetes())])) {
      for (const { resources } of spec.containers) {
        if (of !== 'Deployment charge-card') {
          expect([of, resources?.requests]).toEqual([of, { cpu: expect.any(String), memory: expect.any(String) }])
        }
        expect([of, resources?.limits]).toEqual([of, { memory: expect.any(String) }])
      }
    }
  })

  it('is pulled by a tag once', async () => {
    const manifests = await renderChart({ image: { registry: 'registry.example', tag: 'abc', pullSecrets: ['mine'] } })
    const images = podsOf(manifests).flatMap(({ spec }) => spec.containers)
    for (const image of images) expect(image).toMatchObject({ imagePullPolicy: 'IfNotPresent' })
    const ours = images.map(({ image }) => image).filter((image) => image.startsWith('registry.example/ebb/'))
    expect(ours).toEqual(expect.arrayContaining(['gateway', 'relay', 'migrate', 'place-order'].map(named)))
    for (const { spec } of podsOf(manifests)) expect(spec).toMatchObject({ imagePullSecrets: [{ name: 'mine' }] })
  })
})

const named = (name: string) => `registry.example/ebb/${name}:abc`

describeChart('every secret', () => {
  it('reaches a process as a file, each with its NAME_FILE, and nothing by its environment', async () => {
    for (const pod of podsOf(await all())) {
      const files = secretFilesOf(pod)
      for (const container of pod.spec.containers) {
        expect(container.envFrom).toBeUndefined()
        for (const { valueFrom } of container.env ?? []) expect(valueFrom).toBeUndefined()
        for (const [, path = ''] of settingsOf(container).files) expect(files).toHaveProperty([path])
      }
    }
  })

  it('stands in no manifest but its own', async () => {
    const manifests = await withKubernetes()
    const secrets = ofKind(manifests, 'Secret').flatMap(({ data = {} }) => Object.values(data))
    const values = secrets.map((value) => Buffer.from(value, 'base64').toString()).filter((value) => value.length > 13)
    const others = JSON.stringify(manifests.filter(({ kind }) => kind !== 'Secret'))
    expect(values.length).toBeGreaterThan(8)
    expect(values.filter((value) => others.includes(value))).toEqual([])
  })

  it.each<[string, Readonly<Record<string, string>>]>([
    [
      'function',
      {
        DATABASE_URL: 'ebb-postgres-functions/url',
        EBB_IDENTITY_JWKS: 'ebb-identity/public.jwks',
        REDIS_URL: 'ebb-redis/url',
        SMTP_URL: 'smtp/url',
        STRIPE_KEY: 'of-the-team/STRIPE_KEY',
      },
    ],
    [
      'gateway',
      {
        DATABASE_URL: 'ebb-postgres-gateway/url',
        EBB_ADMIN_KEY: 'ebb-gateway/admin-key',
        EBB_IDENTITY_KEY: 'ebb-identity/gateway.jwk',
        EBB_KEY_PEPPER: 'ebb-gateway/key-pepper',
        // Where the Secret has them, while they are replaced.
        EBB_ADMIN_KEY_PREVIOUS: 'ebb-gateway/admin-key-previous',
        EBB_KEY_PEPPER_PREVIOUS: 'ebb-gateway/key-pepper-previous',
        REDIS_URL: 'ebb-redis/url',
      },
    ],
    ['relay', { DATABASE_URL: 'ebb-postgres-relay/url', EBB_IDENTITY_KEY: 'ebb-identity/relay.jwk' }],
    ['migrate', { DATABASE_DIRECT_URL: 'ebb-postgres-owner/url' }],
    ['test', { EBB_ADMIN_KEY: 'ebb-gateway/admin-key' }],
    ['backup', { DATABASE_URL: 'ebb-postgres-owner/url' }],
    ['redis', { 'users.acl': 'ebb-redis/users.acl' }],
    [
      'postgres',
      {
        FUNCTIONS_PASSWORD: 'ebb-postgres-functions/password',
        GATEWAY_PASSWORD: 'ebb-postgres-gateway/password',
        OWNER_PASSWORD: 'ebb-postgres-owner/password',
        POSTGRES_PASSWORD: 'ebb-postgres-superuser/password',
        RELAY_PASSWORD: 'ebb-postgres-relay/password',
      },
    ],
  ])('of the %s is one that it needs, and no other', async (component, expected) => {
    const pods = podsOf(await all()).filter((pod) => componentOf(pod) === component)
    expect(pods.length).toBeGreaterThan(0)
    const prefixed = Object.entries(expected).map(([name, key]) => [`/var/run/secrets/ebb/${name}`, key])
    for (const pod of pods) expect(secretFilesOf(pod)).toEqual(Object.fromEntries(prefixed))
  })

  it('and setting of a store reaches the functions that use it, and no other', async () => {
    const functions = { all: {}, some: { uses: ['postgres'] }, none: { uses: [] } }
    for (const apis of [[], [KNATIVE]]) {
      for (const mail of [{}, { existingSecret: 'smtp' }]) {
        const pods = podsOf(await renderChart({ mail }, { functions, apis }))
        const environments = pods
          .filter((pod) => componentOf(pod) === 'function')
          .map((pod) => {
            const { plain, files } = settingsOf(pod.spec.containers[0]!)
            const names = [...files.map(([name]) => name), ...Object.keys(plain)]
            return [pod.of.split(' ')[1], names.filter((name) => /_URL$|MAIL/.test(name)).sort()]
          })
        expect(Object.fromEntries(environments)).toEqual({
          all: [
            'DATABASE_URL',
            ...('existingSecret' in mail ? ['REDIS_URL', 'SMTP_URL'] : ['EBB_MAIL_FOLDER', 'REDIS_URL']),
          ],
          some: ['DATABASE_URL'],
          none: [],
        })
      }
    }
  })

  it('that webhooks are signed by is for the gateway alone, which starts without it', async () => {
    const receivers = {
      'take-hooks': { kind: 'receive', signedBy: ['HOOKS_SECRET'], secrets: ['API_KEY'] },
      'take-others': { kind: 'receive', signedBy: ['OTHERS_SECRET'], existingSecret: 'of-others' },
    }
    for (const apis of [[], [KNATIVE]]) {
      const pods = podsOf(
        await renderChart({ functionSecrets: { existingSecret: 'of-the-team' } }, { functions: receivers, apis }),
      )
      const having = pods.filter((pod) => JSON.stringify(secretFilesOf(pod)).includes('_SECRET'))
      expect(having.map(componentOf)).toEqual(['gateway'])
      expect(secretFilesOf(having[0]!)).toMatchObject({
        '/var/run/secrets/ebb/HOOKS_SECRET': 'of-the-team/HOOKS_SECRET',
        '/var/run/secrets/ebb/OTHERS_SECRET': 'of-others/OTHERS_SECRET',
      })
      const sources = having[0]!.spec.volumes.flatMap(({ projected }) => projected?.sources ?? [])
      for (const name of ['of-the-team', 'of-others'])
        expect(sources.find(({ secret }) => secret?.name === name)?.secret).toMatchObject({ optional: true })
    }
    // None is named: the gateway says so in its log, and answers 503 at these paths.
    const without = await renderChart(
      {},
      { functions: { 'take-hooks': { kind: 'receive', signedBy: ['HOOKS_SECRET'] } } },
    )
    expect(JSON.stringify(without)).not.toContain('HOOKS_SECRET')
  })

  it('that a contract names has to be somewhere', async () => {
    const rendering = renderChart({}, { functions })
    await expect(rendering).rejects.toThrow('functionSecrets.existingSecret: charge-card needs STRIPE_KEY')
  })
})

/** Enough of a value for each secret's schema. */
const SAMPLES: Readonly<Record<string, string>> = {
  DATABASE_URL: 'postgres://a:b@c/d',
  DATABASE_DIRECT_URL: 'postgres://a:b@c/d',
  REDIS_URL: 'redis://a',
  SMTP_URL: 'smtp://a',
  EBB_IDENTITY_KEY: '{}',
  EBB_IDENTITY_JWKS: '{}',
  EBB_TLS_CERT: 'a certificate',
  EBB_TLS_KEY: 'a key',
  EBB_CDN_PURGE_TOKEN: 't'.repeat(20),
  EBB_CALLBACK_SECRET: `whsec_${'c'.repeat(32)}`,
  EBB_CALLBACK_SECRET_PREVIOUS: `whsec_${'d'.repeat(32)}`,
  EBB_WEBHOOK_KEY: 'w'.repeat(43),
  EBB_WEBHOOK_KEY_PREVIOUS: 'x'.repeat(43),
  EBB_BROKER_TOKEN: 'b'.repeat(20),
  EBB_BROKER_HEADERS: '{"x-team":"shop"}',
  EBB_KEY_PEPPER_PREVIOUS: 'q'.repeat(43),
  EBB_ADMIN_KEY_PREVIOUS: 'b'.repeat(42),
  EBB_KEY_PEPPER: 'p'.repeat(43),
  EBB_ADMIN_KEY: 'a'.repeat(42),
  STRIPE_KEY: 's',
}

const BROKER = {
  ...{ url: 'https://events.example/shop', name: 'shop', identity: { issuer: 'https://login.example' } },
  ...{ existingSecret: 'broker', headersSecret: 'headers' },
}
const CDN = { tagHeader: 'cache-tag', purgeUrl: 'https://hooks.example/purge', existingSecret: 'cdn' }

describeChart('every setting', () => {
  const cases: readonly [string, Values][] = [
    ['by default', everything],
    ['with a collector', { ...everything, telemetry: { otlpEndpoint: 'http://collector:4318', sampleRatio: 0.1 } }],
    ['behind a proxy', { ...everything, gateway: { trustedHops: 2, addressLimit: '600/60', adminScope: 'ebb:admin' } }],
    ['with TLS of its own', { ...everything, gateway: { tls: { existingSecret: 'edge', httpPort: 80 } } }],
    ['with a CDN in front', { ...everything, gateway: { cdn: CDN } }],
    ['with webhooks', { ...everything, relay: { webhooks: { existingSecret: 'webhooks' } } }],
    ['with callbacks', { ...everything, relay: { callbacks: { existingSecret: 'callbacks' } } }],
    ['with its own times', { ...everything, relay: { keep: { eventsDays: 7, callsHours: 48, archive: true } } }],
    ['with a broker', { ...everything, broker: BROKER }],
    ['with a pooler and origins', { ...withPooler(), gateway: { corsOrigins: ['https://app.example', 'http://a:*'] } }],
  ]
  it.each(cases)('is one that the process knows and takes, %s', async (_case, values) => {
    const known = new Set(Object.keys(parseConfig({})))
    const pods = podsOf(await renderChart(values, { functions }))
    for (const pod of pods.filter((pod) => ['function', 'gateway', 'relay', 'migrate'].includes(componentOf(pod)))) {
      for (const container of pod.spec.containers) {
        const { plain, files } = settingsOf(container)
        const names = [...Object.keys(plain), ...files.map(([name]) => name)]
        const foreign = names.filter((name) => !known.has(name) && !/^(OTEL_|STRIPE_KEY$)/.test(name))
        expect([pod.of, foreign]).toEqual([pod.of, []])
        const secrets = Object.fromEntries(files.map(([name]) => [name, SAMPLES[name]]))
        expect(() => parseConfig({ ...plain, ...secrets })).not.toThrow()
      }
    }
  })

  it('says how many proxies are believed, where any is', async () => {
    const hopsOf = async (values: Values) => {
      const pod = podsOf(await renderChart(values)).find(({ of }) => of === 'Deployment ebb-gateway')
      return settingsOf(pod!.spec.containers[0]!).plain.EBB_TRUSTED_HOPS
    }
    expect(await hopsOf({})).toBeUndefined()
    expect(await hopsOf({ gateway: { trustedHops: 2 } })).toBe('2')
  })

  it('limits addresses where that is asked for', async () => {
    const limitOf = async (values: Values) => {
      const pod = podsOf(await renderChart(values)).find(({ of }) => of === 'Deployment ebb-gateway')
      return settingsOf(pod!.spec.containers[0]!).plain.EBB_ADDRESS_LIMIT
    }
    expect([await limitOf({}), await limitOf({ gateway: { addressLimit: '600/60' } })]).toEqual([undefined, '600/60'])
  })

  it('exports telemetry only where there is a collector', async () => {
    const envOf = async (values: Values) =>
      Object.fromEntries(podsOf(await renderChart(values)).map(({ of, spec }) => [of, settingsOf(spec.containers[0]!)]))
    const [without, withOne] = [await envOf({}), await envOf({ telemetry: { otlpEndpoint: 'http://c:4318' } })]
    for (const name of ['Deployment ebb-gateway', 'Deployment ebb-relay', 'Deployment place-order']) {
      expect(without[name]?.plain).toMatchObject({ OTEL_TRACES_EXPORTER: 'none', OTEL_METRICS_EXPORTER: 'none' })
      expect(withOne[name]?.plain).toMatchObject({ OTEL_EXPORTER_OTLP_ENDPOINT: 'http://c:4318' })
      expect(withOne[name]?.plain).not.toHaveProperty('OTEL_TRACES_EXPORTER')
    }
    // It starts with OpenTelemetry's own instrumentation, whose every exporter would be on.
    expect(without['Deployment ebb-relay']?.plain).toMatchObject({ OTEL_LOGS_EXPORTER: 'none' })
  })
})

function withPooler(): Values {
  return { ...everything, postgres: { pooler: 'external', poolerAddress: 'pgbouncer:6432' } }
}
