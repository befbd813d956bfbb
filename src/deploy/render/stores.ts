import { mountsOf, restricted, SECRETS_FOLDER } from './container.ts'
import type { Manifest } from './manifest.ts'
import { storePolicy } from './network-policies.ts'
import { APP_ROLE, labelsOf } from './platform.ts'

/** The users of the official images. */
const POSTGRES_UID = 999
const REDIS_UID = 999
const DATA = '/var/lib/postgresql'
const KEEPS_NOTHING = ['--save', '', '--appendonly', 'no']

/** The owner makes the schema and migrates it; the other one may do what a migration lets it. */
const ROLES = `-- Run once, by the superuser, when the volume is empty.
\\set owner \`cat ${SECRETS_FOLDER}/OWNER_PASSWORD\`
\\set app \`cat ${SECRETS_FOLDER}/APP_PASSWORD\`
create role ebb_owner login password :'owner';
create role ${APP_ROLE} login password :'app';
alter database ebb owner to ebb_owner;
revoke all on database ebb from public;
grant connect on database ebb to ${APP_ROLE};
`

/** A Postgres of one instance with a volume: for trying out, not for what must not be lost. */
export function postgres({ maxConnections }: { readonly maxConnections: number }): readonly Manifest[] {
  const labels = labelsOf('postgres')
  const { volumes, volumeMounts } = mountsOf({
    'ebb-postgres': ['POSTGRES_PASSWORD', 'OWNER_PASSWORD', 'APP_PASSWORD'],
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
    readinessProbe: {
      exec: { command: ['pg_isready', '--quiet', '--host=127.0.0.1', '--username=postgres', '--dbname=ebb'] },
      ...{ periodSeconds: 2, timeoutSeconds: 3 },
    },
    securityContext: restricted(POSTGRES_UID),
    volumeMounts: [
      ...volumeMounts,
      { name: 'data', mountPath: DATA },
      { name: 'run', mountPath: '/var/run/postgresql' },
      { name: 'roles', mountPath: '/docker-entrypoint-initdb.d' },
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
    { apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: 'ebb-postgres', labels }, data: { 'roles.sql': ROLES } },
    storePolicy('postgres', 5432, ['function', 'gateway', 'relay', 'migrate']),
  ]
}

/** A Valkey that keeps nothing: what Ebb has in it may be lost. */
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
    securityContext: restricted(REDIS_UID),
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
