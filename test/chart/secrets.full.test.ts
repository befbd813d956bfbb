import { expect, it } from '@jest/globals'
import { createIdentitySigner, createIdentityVerifier } from 'ebb/protocol'
import { startCluster } from './cluster.ts'
import {
  describeChart,
  type Manifest,
  namesOf,
  notesFor,
  ofKind,
  only,
  refusal,
  renderChart,
  type Values,
} from './helm.ts'
import { existingSecrets, podsOf, secretFilesOf, settingsOf } from './pods.ts'

const read = (manifests: readonly Manifest[], name: string): Readonly<Record<string, string>> => {
  const { data = {} } = only(manifests, 'Secret', name)
  return Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()]))
}

const secret = (name: string, data: Readonly<Record<string, string>>): Manifest => ({
  ...{ apiVersion: 'v1', kind: 'Secret', metadata: { name }, spec: {} },
  data: Object.fromEntries(Object.entries(data).map(([key, value]) => [key, Buffer.from(value).toString('base64')])),
})

describeChart('what the chart makes up', () => {
  it('are keys by which functions know gateway and relay, each its own', async () => {
    const keys = read(await renderChart(), 'ebb-identity')
    const verify = createIdentityVerifier(JSON.parse(keys['public.jwks'] ?? ''), 'place-order')
    const signed = (name: string, iss: 'ebb:gateway' | 'ebb:relay', from = keys) =>
      createIdentitySigner(JSON.parse(from[`${name}.jwk`] ?? ''), iss)({ sub: 'ada', scopes: ['a:b'] }, 'place-order')
    for (const name of ['gateway', 'relay'] as const) {
      expect(await verify(await signed(name, `ebb:${name}`))).toMatchObject({ sub: 'ada', iss: `ebb:${name}` })
    }
    const { keys: published } = JSON.parse(keys['public.jwks'] ?? '')
    expect(published).toEqual([
      expect.objectContaining({ iss: 'ebb:gateway' }),
      expect.objectContaining({ iss: 'ebb:relay', kid: expect.not.stringContaining(published[0].kid) }),
    ])
    expect(keys['public.jwks']).not.toContain('"d"')
    const others = read(await renderChart(), 'ebb-identity')
    await expect(signed('gateway', 'ebb:gateway', others).then(verify)).rejects.toThrow()
  })

  it('keeps the one key of an installation that began with one for both', async () => {
    const before = { 'private.jwk': '{"kty":"OKP"}', 'public.jwks': '{"keys":[]}' }
    const stored = secret('ebb-identity', before)
    const labels = { 'app.kubernetes.io/managed-by': 'Helm' }
    await using cluster = await startCluster([{ ...stored, metadata: { ...stored.metadata, labels } }])
    expect(read(await renderChart({}, cluster), 'ebb-identity')).toEqual({
      ...{ 'gateway.jwk': '{"kty":"OKP"}', 'relay.jwk': '{"kty":"OKP"}', 'public.jwks': '{"keys":[]}' },
    })
  })

  it('are the addresses of the stores, by roles of which only one may migrate', async () => {
    const manifests = await renderChart()
    const [owner, redis] = ['postgres-owner', 'redis'].map((name) => read(manifests, `ebb-${name}`))
    expect(owner?.url).toBe(`postgres://ebb_owner:${owner?.password}@ebb-postgres:5432/ebb`)
    expect(redis?.url).toBe(`redis://:${redis?.password}@ebb-redis:6379`)
    expect(redis?.['users.acl']).not.toContain(redis?.password)
    const { data = {} } = only(manifests, 'ConfigMap', 'ebb-postgres')
    expect(data['roles.sql']).toContain('alter database :"DBNAME" owner to ebb_owner')
    const [migrate] = podsOf(ofKind(manifests, 'Job'))
    const settings = Object.fromEntries(
      (migrate?.spec.containers[0]?.env ?? []).map(({ name, value }) => [name, value]),
    )
    for (const part of PARTS) {
      const { url, password } = read(manifests, `ebb-postgres-${part}`)
      expect(url).toBe(`postgres://ebb_${part}:${password}@ebb-postgres:5432/ebb`)
      expect(data['roles.sql']).toContain(`alter role ebb_${part} login password`)
      expect(settings[`EBB_${part.toUpperCase()}_ROLE`]).toBe(`ebb_${part}`)
    }
    expect(settings).not.toHaveProperty('EBB_DATABASE_ROLE')
  })

  it('is kept over upgrades, and an upgrade that changes nothing changes no pod', async () => {
    const first = await renderChart()
    await using cluster = await startCluster(first)
    const flags = [...cluster.flags, '--is-upgrade']
    const [second, third] = [await renderChart({ engine: 'kubernetes' }, { flags }), await renderChart({}, { flags })]
    expect(ofKind(second, 'Secret')).toEqual(ofKind(first, 'Secret'))
    for (const kind of ['Deployment', 'StatefulSet']) expect(ofKind(second, kind)).toEqual(ofKind(first, kind))
    // The engine is found out there, too.
    expect(ofKind(third, 'Service', 'serving').length).toBeGreaterThan(0)
  })

  it('is refused where no cluster would keep it, with all that is to be brought', async () => {
    const auto = { generateSecrets: 'auto' }
    const message = await refusal(auto)
    expect(message).toContain('Bring these Secrets and name them: ')
    for (const { metadata } of ofKind(await renderChart(), 'Secret')) {
      const purpose = metadata.name.replace('ebb-', '').replace('-', '.').replace('superuser', 'bundled')
      expect(message).toContain(`${purpose}.existingSecret (`)
    }
    expect(await refusal({ ...auto, ...existingSecrets, redis: {} })).toContain(
      'name them: redis.existingSecret (url, users.acl). Only to look at the manifests: --set generateSecrets=always',
    )
    expect(ofKind(await renderChart({ ...auto, ...existingSecrets }), 'Secret')).toEqual([])
    await using empty = await startCluster([])
    expect(ofKind(await renderChart(auto, empty), 'Secret').length).toBeGreaterThan(4)
  })

  it('is, where all of it is brought, the same at each rendering', async () => {
    const twice = [await renderChart(existingSecrets), await renderChart(existingSecrets)]
    expect(twice[1]).toEqual(twice[0])
  })

  it('stays when the release goes, where it cannot be made again', async () => {
    const keptOf = (manifests: readonly Manifest[]) =>
      namesOf(manifests.filter(({ metadata }) => metadata.annotations?.['helm.sh/resource-policy'] === 'keep'))
    const kept = [
      'gateway',
      'postgres-functions',
      'postgres-gateway',
      'postgres-owner',
      'postgres-relay',
      'postgres-superuser',
    ].map((name) => `ebb-${name}`)
    expect(keptOf(await renderChart())).toEqual(kept)
    expect(keptOf(await renderChart({ keepOnUninstall: false }))).toEqual([])
    const claims = async (values: Values) => only(await renderChart(values), 'StatefulSet', 'ebb-postgres').spec
    expect(await claims({})).toMatchObject({ persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain' } })
    const gone = { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete' } }
    expect(await claims({ keepOnUninstall: false })).toMatchObject(gone)
  })
})

describeChart('an existing Secret', () => {
  const existing = { ...existingSecrets, mail: { existingSecret: 'my-mail' } }

  it('may stand for each of ours: then the chart makes none', async () => {
    const manifests = await renderChart(existing)
    expect(ofKind(manifests, 'Secret')).toEqual([])
    const from = new Set(podsOf(manifests).flatMap((pod) => Object.values(secretFilesOf(pod))))
    expect([...from].sort()).toEqual([
      ...['my-functions-login/password', 'my-functions-login/url', 'my-gateway-login/password', 'my-gateway-login/url'],
      ...['my-gateway/admin-key', 'my-gateway/admin-key-previous'],
      ...['my-gateway/key-pepper', 'my-gateway/key-pepper-previous'],
      ...['my-identity/gateway.jwk', 'my-identity/public.jwks', 'my-identity/relay.jwk'],
      ...['my-mail/url', 'my-owner/password', 'my-owner/url'],
      ...[
        'my-redis/url',
        'my-redis/users.acl',
        'my-relay-login/password',
        'my-relay-login/url',
        'my-superuser/password',
      ],
    ])
  })

  it('that changes makes new pods of those that read it, and of no others', async () => {
    const now = [secret('my-mail', { url: 'smtp://a' }), secret('my-gateway', { 'key-pepper': 'p', 'admin-key': 'a' })]
    await using cluster = await startCluster(now)
    const values = { ...existing, engine: 'kubernetes' }
    const annotations = async () =>
      Object.fromEntries(podsOf(await renderChart(values, cluster)).map((pod) => [pod.of, pod.annotations]))
    const before = await annotations()
    cluster.hold([secret('my-mail', { url: 'smtp://b' }), ...now.slice(1)])
    const after = await annotations()
    const changed = Object.keys(after).filter(
      (of) => after[of]?.['checksum/secrets'] !== before[of]?.['checksum/secrets'],
    )
    expect(changed.sort()).toEqual(['Deployment confirm-order', 'Deployment send-welcome-email'])
  })
})

const PARTS = ['gateway', 'relay', 'functions']
const ROLES = ['ebb_functions', 'ebb_gateway', 'ebb_relay']

describeChart('an installation of one role for all', () => {
  const logsIn = (manifests: readonly Manifest[]) =>
    Object.fromEntries(
      podsOf(manifests).flatMap((pod) => {
        const from = secretFilesOf(pod)['/var/run/secrets/ebb/DATABASE_URL']
        return /gateway|relay|place-order/.test(pod.of) ? [[pod.of.replace(/^\w+ /, ''), from]] : []
      }),
    )
  const rolesTold = (manifests: readonly Manifest[]) =>
    (podsOf(ofKind(manifests, 'Job'))[0]?.spec.containers[0]?.env ?? [])
      .filter(({ name }) => name.endsWith('_ROLE'))
      .map(({ name }) => name)
  const values = { engine: 'kubernetes' }
  const everybody = (of: string) => ({ 'ebb-gateway': of, 'ebb-relay': of, 'place-order': of })

  it('gets the others by one upgrade, and uses them from the next one on', async () => {
    const before = [secret('ebb-postgres-app', { username: 'ebb_app', password: 'old', url: 'postgres://old' })]
    await using cluster = await startCluster(before)
    const flags = [...cluster.flags, '--is-upgrade']
    const first = await renderChart(values, { flags })
    expect(logsIn(first)).toEqual(everybody('ebb-postgres-app/url'))
    expect(rolesTold(first)).toEqual(['EBB_DATABASE_ROLE'])
    expect(read(first, 'ebb-postgres-app').password).toBe('old')
    const { data = {} } = only(first, 'ConfigMap', 'ebb-postgres')
    for (const role of [...ROLES, 'ebb_app']) expect(data['roles.sql']).toContain(`alter role ${role} login`)

    cluster.hold(ofKind(first, 'Secret'))
    const second = await renderChart(values, { flags })
    expect(logsIn(second)).toEqual({
      ...{ 'ebb-gateway': 'ebb-postgres-gateway/url', 'ebb-relay': 'ebb-postgres-relay/url' },
      'place-order': 'ebb-postgres-functions/url',
    })
    // Pods of the revision before are there until the new ones are.
    expect(rolesTold(second).sort()).toEqual([
      ...['EBB_DATABASE_ROLE', 'EBB_FUNCTIONS_ROLE', 'EBB_GATEWAY_ROLE', 'EBB_RELAY_ROLE'],
    ])
    expect(read(second, 'ebb-postgres-app').password).toBe('old')
    expect(ofKind(second, 'StatefulSet')).toEqual(ofKind(first, 'StatefulSet'))

    cluster.hold(ofKind(second, 'Secret').filter(({ metadata }) => metadata.name !== 'ebb-postgres-app'))
    const third = await renderChart(values, { flags })
    expect(rolesTold(third)).not.toContain('EBB_DATABASE_ROLE')
    expect(namesOf(ofKind(third, 'Secret'))).not.toContain('ebb-postgres-app')
  })

  it('whose Secret is an existing one goes on by it until there are others, and its notes say so', async () => {
    const { gateway, relay, functions, ...postgres } = {
      ...existingSecrets.postgres,
      app: { existingSecret: 'my-app' },
    }
    const shared = { ...existingSecrets, ...values, postgres }
    expect(logsIn(await renderChart(shared))).toEqual(everybody('my-app/url'))
    expect(rolesTold(await renderChart(shared))).toEqual(['EBB_DATABASE_ROLE'])
    expect(await notesFor(shared)).toContain(
      'WARNING: gateway, relay, functions log in to Postgres by one role, ebb_app',
    )
    const one = { ...shared, postgres: { ...postgres, functions } }
    expect(logsIn(await renderChart(one))).toMatchObject({
      ...{ 'ebb-gateway': 'my-app/url', 'place-order': 'my-functions-login/url' },
    })
    expect(rolesTold(await renderChart(one))).toEqual(['EBB_DATABASE_ROLE', 'EBB_FUNCTIONS_ROLE'])
    expect(await notesFor({ ...one, postgres: { ...postgres, gateway, relay, functions } })).not.toContain('WARNING')
  })
})

describeChart('Postgres', () => {
  const { bundled: _bundled, ...logins } = existingSecrets.postgres
  const external = {
    mode: 'external',
    ...logins,
    external: { egress: ['10.1.0.0/16:5432'] },
  }

  it('that is external is none of the chart`s: only its addresses are', async () => {
    const manifests = await renderChart({ postgres: external })
    expect(ofKind(manifests, 'StatefulSet')).toEqual([])
    expect(manifests.filter(({ metadata }) => metadata.name.startsWith('ebb-postgres'))).toEqual([])
    for (const part of ['owner', ...PARTS]) {
      expect(await refusal({ postgres: { ...external, [part]: {} } })).toContain(
        `postgres.${part}.existingSecret: with postgres.mode external`,
      )
    }
    expect(await refusal({ postgres: { ...external, external: {} } })).toContain('postgres.external.egress: say where')
  })

  it('of CloudNativePG has the same roles, and its owner`s password is ours to give', async () => {
    const manifests = await renderChart({ postgres: { mode: 'cnpg', maxConnections: 700 } })
    expect(only(manifests, 'Cluster', 'ebb-postgres').spec).toMatchObject({
      instances: 3,
      bootstrap: {
        initdb: {
          ...{ database: 'ebb', owner: 'ebb_owner', secret: { name: 'ebb-postgres-owner' } },
          postInitApplicationSQL: ROLES.map((role) => `create role ${role}`),
        },
      },
      managed: {
        roles: ROLES.map((name) => ({
          ...{ name, login: true, passwordSecret: { name: name.replace('ebb_', 'ebb-postgres-') } },
        })),
      },
      postgresql: { parameters: { max_connections: '700' } },
    })
    expect(only(manifests, 'Secret', 'ebb-postgres-relay')).toMatchObject({ type: 'kubernetes.io/basic-auth' })
    expect(read(manifests, 'ebb-postgres-relay').url).toContain('@ebb-postgres-rw:5432/ebb')
    expect(ofKind(manifests, 'StatefulSet')).toEqual([])
  })

  it.each<[string, Values, string, string]>([
    ['CloudNativePG`s', { mode: 'cnpg', pooler: 'cnpg' }, 'ebb-postgres-pooler:5432', 'ebb-postgres-rw:5432'],
    ['one`s own', { pooler: 'external', poolerAddress: 'pgbouncer:6432' }, 'pgbouncer:6432', 'ebb-postgres:5432'],
  ])(
    'may have a pooler before it, %s, past which go migrations and LISTEN',
    async (_whose, postgres, pooled, direct) => {
      const manifests = await renderChart({ postgres })
      expect(read(manifests, 'ebb-postgres-owner').url).toContain(`@${direct}/ebb`)
      const files = Object.fromEntries(podsOf(manifests).map((pod) => [pod.of, secretFilesOf(pod)]))
      for (const part of ['gateway', 'relay']) {
        const login = read(manifests, `ebb-postgres-${part}`)
        expect([login.url, login['direct-url']]).toEqual([
          ...[expect.stringContaining(`@${pooled}/ebb`), expect.stringContaining(`@${direct}/ebb`)],
        ])
        const url = { '/var/run/secrets/ebb/DATABASE_DIRECT_URL': `ebb-postgres-${part}/direct-url` }
        expect(files[`Deployment ebb-${part}`]).toMatchObject(url)
      }
      expect(files['Deployment place-order']).not.toHaveProperty(['/var/run/secrets/ebb/DATABASE_DIRECT_URL'])
    },
  )

  it.each<[string, Values]>([
    ['past no pooler', {}],
    ['past a pooler', { pooler: 'cnpg' }],
  ])('lets functions, and no other part, read from its standbys, %s', async (_how, postgres) => {
    const manifests = await renderChart({
      postgres: { mode: 'cnpg', readReplicas: 'cnpg', readMaxLagMs: 2_000, ...postgres },
    })
    const { url, ...login } = read(manifests, 'ebb-postgres-functions')
    expect(login['read-url']).toBe(url?.replace(/@[^/]*/, '@ebb-postgres-ro:5432'))
    const having = podsOf(manifests).filter((pod) => secretFilesOf(pod)['/var/run/secrets/ebb/DATABASE_READ_URL'])
    const all = podsOf(manifests).filter(
      (pod) => secretFilesOf(pod)['/var/run/secrets/ebb/DATABASE_URL'] === 'ebb-postgres-functions/url',
    )
    expect(having.map(({ of }) => of)).toEqual(all.map(({ of }) => of))
    expect(
      new Set(
        having.flatMap(({ spec }) =>
          spec.containers.flatMap((each) => settingsOf(each).plain.DATABASE_READ_MAX_LAG_MS ?? []),
        ),
      ),
    ).toEqual(new Set(['2000']))
  })

  it('reads from no standbys where there are none, nor from a replica without its address', async () => {
    expect(await refusal({ postgres: { readReplicas: 'cnpg' } })).toContain('cnpg goes with postgres.mode cnpg and two')
    expect(await refusal({ postgres: { readReplicas: 'external' } })).toContain('under the key read-url')
  })

  it('has no pooler without its address, nor CloudNativePG`s without CloudNativePG', async () => {
    expect(await refusal({ postgres: { pooler: 'external' } })).toContain(
      'postgres.poolerAddress: with postgres.pooler',
    )
    expect(await refusal({ postgres: { pooler: 'cnpg' } })).toContain(
      'postgres.pooler: cnpg goes with postgres.mode cnpg',
    )
  })
})
