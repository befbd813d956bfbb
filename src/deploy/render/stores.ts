import { type Manifest, restrictedSecurityContext, SECRETS_FOLDER, secretMounts } from './manifest.ts'
import { storePolicy } from './network-policies.ts'
import { labelsOf, OWNER_ROLE, ROLES } from './platform.ts'

/** The users of the official images of Postgres and Valkey. */
const POSTGRES_UID = 999
const REDIS_UID = 999
const DATA = '/var/lib/postgresql'
const KEEPS_NOTHING = ['--save', '', '--appendonly', 'no']

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

/** The pod is not ready before the roles exist. While Postgres initialises itself it does not listen. */
const MAKE_ROLES = `until pg_isready --quiet --host=127.0.0.1 --username=postgres --dbname=ebb; do sleep 1; done
psql --quiet --no-psqlrc --set=ON_ERROR_STOP=1 --username=postgres --dbname=ebb --file=/etc/ebb/roles.sql
`

/** A single Postgres with a volume: for a first try, not for data that must not be lost. */
export function postgres({ maxConnections }: { readonly maxConnections: number }): readonly Manifest[] {
  const labels = labelsOf('postgres')
  const { volumes, volumeMounts } = secretMounts({
    'ebb-postgres': ['POSTGRES_PASSWORD', ...LOGINS.map(([, key]) => key)],
  })
  const container = {
    name: 'postgres',
    image: 'postgres:18',
    imagePullPolicy: 'IfNotPresent',
    args: ['postgres', '-c', `max_connections=${maxConnections}`],
    ports: [{ name: 'postgres', containerPort: 5432 }],
    env: [
      { name: 'POSTGRES_DB', value: 'ebb' },
      { name: 'POSTGRES_PASSWORD_FILE', value: `${SECRETS_FOLDER}/POSTGRES_PASSWORD` },
      { name: 'PGDATA', value: `${DATA}/18/data` },
    ],
    resources: { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '512Mi' } },
    lifecycle: { postStart: { exec: { command: ['sh', '-euc', MAKE_ROLES] } } },
    readinessProbe: {
      exec: { command: ['pg_isready', '--quiet', '--host=127.0.0.1', '--username=postgres', '--dbname=ebb'] },
      ...{ periodSeconds: 2, timeoutSeconds: 3 },
    },
    securityContext: restrictedSecurityContext(POSTGRES_UID),
    volumeMounts: [
      ...volumeMounts,
      { name: 'data', mountPath: DATA },
      { name: 'run', mountPath: '/var/run/postgresql' },
      { name: 'roles', mountPath: '/etc/ebb' },
    ],
  }
  const claim = { accessModes: ['ReadWriteOnce'], resources: { requests: { storage: '1Gi' } } }
  const spec = {
    ...{
      enableServiceLinks: false,
      automountServiceAccountToken: false,
      securityContext: { fsGroup: POSTGRES_UID, fsGroupChangePolicy: 'OnRootMismatch' },
      terminationGracePeriodSeconds: 60,
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
        template: { metadata: { labels }, spec },
        volumeClaimTemplates: [{ metadata: { name: 'data' }, spec: claim }],
      },
    },
    service('postgres', 5432),
    {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { name: 'ebb-postgres', labels },
      data: { 'roles.sql': ROLES_SQL },
    },
    storePolicy('postgres', 5432, ['function', 'gateway', 'relay', 'migrate']),
  ]
}

/** A Valkey without persistence: what Ebb stores in it may be lost. */
export function redis(): readonly Manifest[] {
  const labels = labelsOf('redis')
  const container = {
    name: 'redis',
    image: 'valkey/valkey:8',
    imagePullPolicy: 'IfNotPresent',
    args: ['valkey-server', ...KEEPS_NOTHING, '--maxmemory', '64mb', '--maxmemory-policy', 'allkeys-lru'],
    ports: [{ name: 'redis', containerPort: 6379 }],
    resources: { requests: { cpu: '50m', memory: '32Mi' }, limits: { memory: '128Mi' } },
    readinessProbe: { tcpSocket: { port: 'redis' }, periodSeconds: 2 },
    livenessProbe: { tcpSocket: { port: 'redis' }, periodSeconds: 10, failureThreshold: 6 },
    securityContext: restrictedSecurityContext(REDIS_UID),
    volumeMounts: [{ name: 'data', mountPath: '/data' }],
  }
  const spec = {
    ...{ enableServiceLinks: false, automountServiceAccountToken: false },
    containers: [container],
    volumes: [{ name: 'data', emptyDir: {} }],
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
