import type { Chart } from './chart.ts'
import { type Manifest, restrictedSecurityContext, SECRETS_FOLDER, secretMounts } from './manifest.ts'
import { storePolicy } from './network-policies.ts'
import { labelsOf, OWNER_ROLE, ROLES } from './platform.ts'

/** The users of the official images of Postgres and Valkey. */
const POSTGRES_UID = 999
const REDIS_UID = 999
/** For change(): the log says enough, and a slot that nobody reads cannot fill the volume. Without a slot they cost next to nothing. */
const LOG = ['max_slot_wal_keep_size=2GB', 'wal_level=logical']
const DATA = '/var/lib/postgresql'
const NO_PERSISTENCE = ['--save', '', '--appendonly', 'no']

/** The roles, each with the key of its password. */
const LOGINS = [
  [OWNER_ROLE, 'OWNER_PASSWORD'],
  ...Object.entries(ROLES).map(([part, role]) => [role, `${part.toUpperCase()}_PASSWORD`] as const),
] as const

const roleSql = ([role, key]: (typeof LOGINS)[number]) => `\\set password \`cat ${SECRETS_FOLDER}/${key}\`
select 'create role ${role}' where not exists (select from pg_roles where rolname = '${role}') \\gexec
alter role ${role} login password :'password';
grant connect on database :"DBNAME" to ${role};
`

/** The owner creates and migrates the schema; the others may do what a migration grants. */
const ROLES_SQL = `-- Run by the superuser at each start: what is there already stays, but for its password.
${LOGINS.map(roleSql).join('')}alter database :"DBNAME" owner to ${OWNER_ROLE};
revoke all on database :"DBNAME" from public;
`

/** Only where a contract has a change(): whoever may read the log may read every table. */
const READS_CHANGES = `alter role ${ROLES.relay} replication;
`

/** The pod is not ready before the roles exist. While Postgres initialises itself it does not listen. */
const MAKE_ROLES = `until pg_isready --quiet --host=127.0.0.1 --username=postgres --dbname=ebb; do sleep 1; done
psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --username=postgres --dbname=ebb --file=/etc/ebb/roles.sql
`

/** A single Postgres with a volume: for a first try, not for data that must not be lost. */
export function postgres(
  { maxConnections, readsChanges }: { readonly maxConnections: number; readonly readsChanges: boolean },
  { small, probes, shutdown }: Chart,
): readonly Manifest[] {
  const { image, storage, resources } = small.postgres.bundled
  const labels = labelsOf('postgres')
  const { volumes, volumeMounts } = secretMounts({
    'ebb-postgres': ['POSTGRES_PASSWORD', ...LOGINS.map(([, key]) => key)],
  })
  const container = {
    name: 'postgres',
    image,
    imagePullPolicy: 'IfNotPresent',
    args: ['postgres', ...[`max_connections=${maxConnections}`, ...LOG].flatMap((parameter) => ['-c', parameter])],
    ports: [{ name: 'postgres', containerPort: 5432 }],
    env: [
      { name: 'POSTGRES_DB', value: 'ebb' },
      { name: 'POSTGRES_PASSWORD_FILE', value: `${SECRETS_FOLDER}/POSTGRES_PASSWORD` },
      { name: 'PGDATA', value: `${DATA}/18/data` },
    ],
    resources,
    lifecycle: { postStart: { exec: { command: ['sh', '-euc', MAKE_ROLES] } } },
    readinessProbe: {
      exec: { command: ['pg_isready', '--quiet', '--host=127.0.0.1', '--username=postgres', '--dbname=ebb'] },
      ...probes.postgres.readiness,
    },
    securityContext: restrictedSecurityContext(POSTGRES_UID),
    volumeMounts: [
      ...volumeMounts,
      { name: 'data', mountPath: DATA },
      { name: 'run', mountPath: '/var/run/postgresql' },
      { name: 'roles', mountPath: '/etc/ebb' },
    ],
  }
  const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: storage.size } } }
  const spec = {
    ...{
      enableServiceLinks: false,
      automountServiceAccountToken: false,
      securityContext: { fsGroup: POSTGRES_UID, fsGroupChangePolicy: 'OnRootMismatch' },
      terminationGracePeriodSeconds: shutdown.postgresSeconds,
    },
    containers: [container],
    volumes: [...volumes, { name: 'run', emptyDir: {} }, { name: 'roles', configMap: { name: 'ebb-postgres' } }],
  }
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'StatefulSet',
      metadata: { name: 'postgres', labels },
      spec: {
        ...{ serviceName: 'postgres', replicas: 1, selector: { matchLabels: labels } },
        // The roles are made at each start, so that a right that is new needs one.
        template: { metadata: { labels, ...(readsChanges ? { annotations: { 'reads-changes': 'yes' } } : {}) }, spec },
        volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: claim }],
      },
    },
    service('postgres', 5432),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'ebb-postgres', labels },
      data: { 'roles.sql': readsChanges ? `${ROLES_SQL}${READS_CHANGES}` : ROLES_SQL },
    },
    storePolicy('postgres', 5432, ['function', 'gateway', 'relay', 'migrate']),
  ]
}

/** A Valkey without persistence: what Ebb stores in it may be lost. */
export function redis({ small, probes }: Chart): readonly Manifest[] {
  const { image, maxMemory, resources } = small.redis.bundled
  const { volumes, volumeMounts } = secretMounts({ 'ebb-redis': ['users.acl'] })
  const labels = labelsOf('redis')
  const container = {
    name: 'redis',
    image,
    imagePullPolicy: 'IfNotPresent',
    args: [
      ...['valkey-server', ...NO_PERSISTENCE, '--maxmemory', maxMemory, '--maxmemory-policy', 'allkeys-lru'],
      ...['--aclfile', `${SECRETS_FOLDER}/users.acl`],
    ],
    ports: [{ name: 'redis', containerPort: 6379 }],
    resources,
    readinessProbe: { tcpSocket: { port: 'redis' }, ...probes.redis.readiness },
    livenessProbe: { tcpSocket: { port: 'redis' }, ...probes.redis.liveness },
    securityContext: restrictedSecurityContext(REDIS_UID),
    volumeMounts: [...volumeMounts, { name: 'data', mountPath: '/data' }],
  }
  const spec = {
    ...{ enableServiceLinks: false, automountServiceAccountToken: false },
    containers: [container],
    volumes: [...volumes, { name: 'data', emptyDir: {} }],
  }
  return [
    {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata: { name: 'redis', labels },
      spec: {
        replicas: 1,
        strategy: { type: 'Recreate' },
        selector: { matchLabels: labels },
        template: { metadata: { labels }, spec },
      },
    },
    service('redis', 6379),
    storePolicy('redis', 6379, ['function', 'gateway']),
  ]
}

const service = (name: 'postgres' | 'redis', port: number): Manifest => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name, labels: labelsOf(name) },
  spec: { selector: labelsOf(name), ports: [{ name, port, targetPort: name }] },
})
