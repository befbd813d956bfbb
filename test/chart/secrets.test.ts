import { expect, it } from '@jest/globals'
import { identitySigner, identityVerifier } from 'ebb/kernel'
import { startCluster } from './cluster.ts'
import { describeChart, type Manifest, namesOf, ofKind, only, refusal, renderChart, type Values } from './helm.ts'
import { ownSecrets } from './own-secrets.ts'
import { podsOf, secretFilesOf } from './pods.ts'

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
    const verify = identityVerifier(JSON.parse(keys['public.jwks'] ?? ''), 'place-order')
    const signed = (name: string, iss: 'ebb:gateway' | 'ebb:relay', from = keys) =>
      identitySigner(JSON.parse(from[`${name}.jwk`] ?? ''), iss)({ sub: 'ada', scopes: ['a:b'] }, 'place-order')
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
    const [owner, app, redis] = ['postgres-owner', 'postgres-app', 'redis'].map((name) =>
      read(manifests, `ebb-${name}`),
    )
    expect(owner?.url).toBe(`postgres://ebb_owner:${owner?.password}@ebb-postgres:5432/ebb`)
    expect(app?.url).toBe(`postgres://ebb_app:${app?.password}@ebb-postgres:5432/ebb`)
    expect(redis?.url).toBe(`redis://:${redis?.password}@ebb-redis:6379`)
    expect(redis?.['users.acl']).not.toContain(redis?.password)
    const { data = {} } = only(manifests, 'ConfigMap', 'ebb-postgres')
    expect(data['roles.sql']).toContain('alter database :"DBNAME" owner to ebb_owner')
    const [migrate] = podsOf(ofKind(manifests, 'Job'))
    expect(migrate?.spec.containers[0]?.env).toContainEqual({ name: 'EBB_DATABASE_ROLE', value: 'ebb_app' })
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
    const said = await refusal(auto)
    expect(said).toContain('Bring these Secrets and name them: ')
    for (const { metadata } of ofKind(await renderChart(), 'Secret')) {
      const purpose = metadata.name.replace('ebb-', '').replace('-', '.').replace('superuser', 'bundled')
      expect(said).toContain(`${purpose}.existingSecret (`)
    }
    expect(await refusal({ ...auto, ...ownSecrets, redis: {} })).toContain(
      'name them: redis.existingSecret (url, users.acl). Only to look at the manifests: --set generateSecrets=always',
    )
    expect(ofKind(await renderChart({ ...auto, ...ownSecrets }), 'Secret')).toEqual([])
    await using empty = await startCluster([])
    expect(ofKind(await renderChart(auto, empty), 'Secret').length).toBeGreaterThan(4)
  })

  it('is, where all of it is brought, the same at each rendering', async () => {
    const twice = [await renderChart(ownSecrets), await renderChart(ownSecrets)]
    expect(twice[1]).toEqual(twice[0])
  })

  it('stays when the release goes, where it cannot be made again', async () => {
    const keptOf = (manifests: readonly Manifest[]) =>
      namesOf(manifests.filter(({ metadata }) => metadata.annotations?.['helm.sh/resource-policy'] === 'keep'))
    const kept = ['ebb-gateway', 'ebb-postgres-app', 'ebb-postgres-owner', 'ebb-postgres-superuser']
    expect(keptOf(await renderChart())).toEqual(kept)
    expect(keptOf(await renderChart({ keepOnUninstall: false }))).toEqual([])
    const claims = async (values: Values) => only(await renderChart(values), 'StatefulSet', 'ebb-postgres').spec
    expect(await claims({})).toMatchObject({ persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Retain' } })
    const gone = { persistentVolumeClaimRetentionPolicy: { whenDeleted: 'Delete' } }
    expect(await claims({ keepOnUninstall: false })).toMatchObject(gone)
  })
})

describeChart('somebody else`s Secret', () => {
  const existing = { ...ownSecrets, mail: { existingSecret: 'my-mail' } }

  it('may stand for each of ours: then the chart makes none', async () => {
    const manifests = await renderChart(existing)
    expect(ofKind(manifests, 'Secret')).toEqual([])
    const from = new Set(podsOf(manifests).flatMap((pod) => Object.values(secretFilesOf(pod))))
    expect([...from].sort()).toEqual([
      ...['my-app/password', 'my-app/url', 'my-gateway/admin-key', 'my-gateway/key-pepper'],
      ...['my-identity/gateway.jwk', 'my-identity/public.jwks', 'my-identity/relay.jwk'],
      ...['my-mail/url', 'my-owner/password', 'my-owner/url'],
      ...['my-redis/url', 'my-redis/users.acl', 'my-superuser/password'],
    ])
  })

  it('that changes makes new pods of those who read it, and of nobody else', async () => {
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

describeChart('Postgres', () => {
  const external = {
    mode: 'external',
    owner: { existingSecret: 'my-owner' },
    app: { existingSecret: 'my-app' },
    external: { egress: ['10.1.0.0/16:5432'] },
  }

  it('that is external is none of the chart`s: only its two addresses are', async () => {
    const manifests = await renderChart({ postgres: external })
    expect(ofKind(manifests, 'StatefulSet')).toEqual([])
    expect(manifests.filter(({ metadata }) => metadata.name.startsWith('ebb-postgres'))).toEqual([])
    const { owner: _owner, ...withoutOwner } = external
    expect(await refusal({ postgres: withoutOwner })).toContain(
      'postgres.owner.existingSecret: with postgres.mode external',
    )
    expect(await refusal({ postgres: { ...external, external: {} } })).toContain('postgres.external.egress: say where')
  })

  it('of CloudNativePG has the same two roles, and its owner`s password is ours to give', async () => {
    const manifests = await renderChart({ postgres: { mode: 'cnpg', maxConnections: 700 } })
    expect(only(manifests, 'Cluster', 'ebb-postgres').spec).toMatchObject({
      instances: 3,
      bootstrap: {
        initdb: {
          ...{ database: 'ebb', owner: 'ebb_owner', secret: { name: 'ebb-postgres-owner' } },
          postInitApplicationSQL: ['create role ebb_app'],
        },
      },
      managed: { roles: [{ name: 'ebb_app', login: true, passwordSecret: { name: 'ebb-postgres-app' } }] },
      postgresql: { parameters: { max_connections: '700' } },
    })
    expect(only(manifests, 'Secret', 'ebb-postgres-app')).toMatchObject({ type: 'kubernetes.io/basic-auth' })
    expect(read(manifests, 'ebb-postgres-app').url).toContain('@ebb-postgres-rw:5432/ebb')
    expect(ofKind(manifests, 'StatefulSet')).toEqual([])
  })

  it.each<[string, Values, string, string]>([
    ['CloudNativePG`s', { mode: 'cnpg', pooler: 'cnpg' }, 'ebb-postgres-pooler:5432', 'ebb-postgres-rw:5432'],
    ['one`s own', { pooler: 'external', poolerAddress: 'pgbouncer:6432' }, 'pgbouncer:6432', 'ebb-postgres:5432'],
  ])(
    'may have a pooler before it, %s, past which go migrations and LISTEN',
    async (_whose, postgres, pooled, direct) => {
      const manifests = await renderChart({ postgres })
      const [owner, app] = ['ebb-postgres-owner', 'ebb-postgres-app'].map((name) => read(manifests, name))
      expect(owner?.url).toContain(`@${direct}/ebb`)
      expect(app?.url).toContain(`@${pooled}/ebb`)
      expect(app?.['direct-url']).toContain(`@${direct}/ebb`)
      const files = Object.fromEntries(podsOf(manifests).map((pod) => [pod.of, secretFilesOf(pod)]))
      for (const name of ['ebb-gateway', 'ebb-relay']) {
        const url = { '/var/run/secrets/ebb/DATABASE_DIRECT_URL': 'ebb-postgres-app/direct-url' }
        expect(files[`Deployment ${name}`]).toMatchObject(url)
      }
      expect(files['Deployment place-order']).not.toHaveProperty(['/var/run/secrets/ebb/DATABASE_DIRECT_URL'])
    },
  )

  it('has no pooler without its address, nor CloudNativePG`s without CloudNativePG', async () => {
    expect(await refusal({ postgres: { pooler: 'external' } })).toContain(
      'postgres.poolerAddress: with postgres.pooler',
    )
    expect(await refusal({ postgres: { pooler: 'cnpg' } })).toContain(
      'postgres.pooler: cnpg goes with postgres.mode cnpg',
    )
  })
})
