import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { createInterface } from 'node:readline'
import pg from 'pg'
import { mergeValues, type Values } from '../../deploy/environments/index.ts'
import { toYaml } from '../../deploy/render/index.ts'
import { ConfigError } from '../../kernel/index.ts'
import { runProgram } from '../../project/run-program.ts'
import { openKubectl } from '../canary/kubectl.ts'
import type { Connect } from './preview-database.ts'
import { PREVIEW_LABEL, restrictedNamespace } from './preview-namespace.ts'
import { readSecret } from './secrets.ts'
import { withFile } from './with-file.ts'

/** The namespace with the one Postgres that has the databases of all previews, so that a preview itself may go to zero. */
export const SERVER_NAMESPACE = 'ebb-previews'
/** Where previews reach it. */
export const SERVER_ADDRESS = `ebb-postgres.${SERVER_NAMESPACE}.svc:5432`

const SERVER = 'statefulset/ebb-postgres'
const PARTS = ['configmap', 'networkpolicy', 'secret', 'service', 'serviceaccount', 'statefulset']
const READY = '--timeout=300s'
const CONNECT_MS = 30_000
const STATEMENT_MS = 300_000

/** The server as the chart makes the bundled one, for pods of previews; nothing else of the chart. */
const SERVER_VALUES: Values = {
  ...{ engine: 'kubernetes', generateSecrets: 'always', fullnameOverride: 'ebb', scaleToZero: false },
  functionSecrets: { existingSecret: 'none' },
  postgres: {
    ...{ mode: 'bundled', pooler: 'none', readReplicas: 'none' },
    bundled: { from: [{ namespaceSelector: { matchExpressions: [{ key: PREVIEW_LABEL, operator: 'Exists' }] } }] },
  },
}

/** Makes the server where there is none, and waits until it takes connections. What is there of it stays as it is. */
export async function startServer(chart: string, values: Values): Promise<void> {
  const kubectl = openKubectl({ namespace: SERVER_NAMESPACE })
  if (!(await kubectl.find('statefulset', 'ebb-postgres'))) {
    await kubectl.apply([restrictedNamespace(SERVER_NAMESPACE)])
    await createMissing(await renderServer(chart, values))
  }
  await kubectl.run(['rollout', 'status', SERVER, READY])
}

async function renderServer(chart: string, values: Values): Promise<string> {
  return withFile(toYaml(mergeValues(values, SERVER_VALUES)), async (file) => {
    const only = PARTS.flatMap((part) => ['--show-only', `templates/postgres/${part}.yaml`])
    const words = ['template', 'ebb', chart, '--namespace', SERVER_NAMESPACE, '--values', file, ...only]
    const { code, stdout, stderr } = await runProgram('helm', words, process.cwd())
    if (code !== 0) throw new ConfigError(`helm template: ${stderr.trim()}`)
    return stdout
  })
}

/** Two runs may do it at once: each object is of the one that came first, and so is each password. */
async function createMissing(manifests: string): Promise<void> {
  const { code, stderr } = await withFile(manifests, (file) =>
    runProgram('kubectl', ['--namespace', SERVER_NAMESPACE, 'create', '--filename', file], process.cwd()),
  )
  const faults = stderr.split('\n').filter((line) => line !== '' && !line.includes('(AlreadyExists)'))
  if (code !== 0 && faults.length > 0) throw new ConfigError(`kubectl create: ${faults.join('; ')}`)
}

/** Lets `use` connect to the server as its superuser, through kubectl. Undefined where the cluster has no such server. */
export async function withServer<Result>(use: (connect: Connect) => Promise<Result>): Promise<Result | undefined> {
  const secret = await readSecret(SERVER_NAMESPACE, 'ebb-postgres-superuser')
  if (!secret) return undefined
  await openKubectl({ namespace: SERVER_NAMESPACE }).run(['rollout', 'status', SERVER, READY])
  await using forward = await forwardToServer()
  return await use(async (database) => {
    const client = new pg.Client({
      ...{ host: '127.0.0.1', port: forward.port, user: 'postgres', password: secret.password, database },
      ...{ connectionTimeoutMillis: CONNECT_MS, query_timeout: STATEMENT_MS },
    })
    await client.connect()
    return client
  })
}

async function forwardToServer() {
  const words = ['--namespace', SERVER_NAMESPACE, 'port-forward', SERVER, ':5432']
  const child = spawn('kubectl', words, { stdio: ['ignore', 'pipe', 'inherit'] })
  const ended = once(child, 'close')
  const close = async () => {
    child.kill()
    await ended
  }
  const timer = setTimeout(() => child.kill(), CONNECT_MS)
  try {
    // It says so once it listens, and goes on to write a line for each connection.
    for await (const line of createInterface(child.stdout)) {
      const [, port] = /127\.0\.0\.1:(\d+)/.exec(line) ?? []
      if (port === undefined) continue
      return { port: Number(port), [Symbol.asyncDispose]: close }
    }
  } finally {
    clearTimeout(timer)
  }
  throw new ConfigError(`kubectl port-forward to the Postgres of the previews, in ${SERVER_NAMESPACE}, did not come up`)
}
