import { randomBytes } from 'node:crypto'
import { join } from 'node:path'
import type { AnyContract } from '../../contract/index.ts'
import { isFunction } from '../../contract/index.ts'
import type { Values } from '../../deploy/environments/index.ts'
import { toYaml } from '../../deploy/render/index.ts'
import { ConfigError } from '../../kernel/index.ts'
import { runProgram } from '../../project/run-program.ts'
import { type Kubectl, type KubernetesObject, openKubectl } from '../canary/kubectl.ts'
import { createPreviewDatabase, type Passwords } from './preview-database.ts'
import { type PreviewNames, previewNames, ROLES } from './preview-names.ts'
import { EXPIRES, PREVIEW_LABEL, previewOfNamespace, restrictedNamespace } from './preview-namespace.ts'
import { FUNCTION_SECRETS, loginSecret, previewValues } from './preview-values.ts'
import { SERVER_ADDRESS, startServer, withServer } from './previews-server.ts'
import { copyOf, readSecret, secretOf } from './secrets.ts'
import { withFile } from './with-file.ts'

export const KNATIVE_SERVICES = 'services.serving.knative.dev'

interface PreviewOptions {
  readonly project: string
  readonly contracts: readonly AnyContract[]
  /** Values of the chart. */
  readonly values: Values
  readonly ttlSeconds: number
  readonly template?: string | undefined
  /** Secrets that are copied into it, as NAMESPACE/NAME. */
  readonly secrets: readonly (readonly [namespace: string, name: string])[]
}

export interface KnativeService extends KubernetesObject {
  readonly status?: {
    readonly url?: string
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[]
  }
}

export interface StartedPreview {
  readonly name: string
  readonly namespace: string
  readonly url: string
  readonly expiresAt: string
}

/** Starts a preview, or brings the one of this name to what is here now. Ended at any moment, it goes on when it is run again. */
export async function startPreview(name: string, options: PreviewOptions): Promise<StartedPreview> {
  const names = previewNames(name)
  const kubectl = openKubectl({ namespace: names.namespace })
  if (!(await kubectl.knows(KNATIVE_SERVICES)))
    throw new ConfigError('a preview needs a cluster with Knative: nothing else goes to zero, and starts for a request')
  const chart = join(options.project, 'charts/ebb')
  const expiresAt = new Date(Date.now() + options.ttlSeconds * 1_000).toISOString()
  await makeNamespace(kubectl, names, expiresAt)
  const passwords = await passwordsOf(names)
  await kubectl.apply([...(await copiesOf(options.secrets)), ...loginsOf(names, passwords)])
  await makeFunctionSecrets(kubectl, options.contracts, names)
  await startServer(chart, options.values)
  const readsChanges = options.contracts.some(takesChanges)
  await withServer((connect) =>
    createPreviewDatabase(connect, names, { passwords, template: options.template, readsChanges }),
  )
  const startsAtZero = await allowsZero()
  await install(kubectl, {
    chart,
    names,
    values: previewValues(options.values, options.contracts, names, { startsAtZero }),
  })
  const url = await untilReady(kubectl, names)
  return { name, namespace: names.namespace, url, expiresAt }
}

async function makeNamespace(kubectl: Kubectl, { name, namespace }: PreviewNames, expiresAt: string) {
  const found = await kubectl.find('namespace', namespace)
  if (found && previewOfNamespace(found) !== name)
    throw new ConfigError(`the namespace ${namespace} is there and no preview (${PREVIEW_LABEL}): choose another name`)
  if (found?.metadata.deletionTimestamp !== undefined)
    await kubectl.run(['wait', `namespace/${namespace}`, '--for=delete', '--timeout=600s'])
  const [labels, annotations] = [{ [PREVIEW_LABEL]: name }, { [EXPIRES]: expiresAt }]
  await kubectl.apply([restrictedNamespace(namespace, { labels, annotations })])
}

/** Those by which its pods log in already, where it is there. */
async function passwordsOf({ namespace }: PreviewNames): Promise<Passwords> {
  const entries = ROLES.map(async (role) => {
    const { password } = (await readSecret(namespace, loginSecret(role))) ?? {}
    return [role, password ?? randomBytes(24).toString('base64url')] as const
  })
  // Of each role.
  return Object.fromEntries(await Promise.all(entries)) as Passwords
}

const loginsOf = ({ database, roles }: PreviewNames, passwords: Passwords) =>
  ROLES.map((role) => {
    const [username, password] = [roles[role], passwords[role]]
    const url = `postgres://${username}:${password}@${SERVER_ADDRESS}/${database}`
    return secretOf(loginSecret(role), { username, password, url })
  })

const copiesOf = (secrets: PreviewOptions['secrets']) =>
  Promise.all(
    secrets.map(async ([namespace, name]) => {
      const copy = await copyOf(namespace, name)
      if (!copy) throw new ConfigError(`--secret: there is no Secret ${name} in the namespace ${namespace}`)
      return copy
    }),
  )

/** Made-up values of what contracts name in `secrets`, once: nothing outside is reached by them. */
async function makeFunctionSecrets(kubectl: Kubectl, contracts: readonly AnyContract[], { namespace }: PreviewNames) {
  const known = (await readSecret(namespace, FUNCTION_SECRETS)) ?? {}
  const random = () => randomBytes(24).toString('base64')
  const made = contracts.filter(isFunction).flatMap((contract) => [
    ...(contract.secrets ?? []).map((name) => [name, random()] as const),
    // As Standard Webhooks has them.
    ...('signedBy' in contract ? contract.signedBy : []).map((name) => [name, `whsec_${random()}`] as const),
  ])
  await kubectl.apply([secretOf(FUNCTION_SECRETS, { preview: 'made up', ...Object.fromEntries(made), ...known })])
}

const takesChanges = (contract: AnyContract) =>
  contract.kind === 'subscriber' && contract.on.type.startsWith('ebb.change.')

/** Whether Knative takes an initial scale of 0; else each function runs once. */
async function allowsZero(): Promise<boolean> {
  const serving = openKubectl({ namespace: 'knative-serving' })
  const found = await serving.find<KubernetesObject & { readonly data?: Readonly<Record<string, string>> }>(
    ...(['configmap', 'config-autoscaler'] as const),
  )
  return found?.data?.['allow-zero-initial-scale'] === 'true'
}

interface InstallOptions {
  readonly chart: string
  readonly names: PreviewNames
  readonly values: Values
}

async function install(kubectl: Kubectl, { chart, names: { namespace }, values }: InstallOptions) {
  // What a run that was ended has left; another one may not be under way.
  await kubectl.run(['delete', 'secrets', '--selector', 'owner=helm,status in (pending-install,pending-upgrade)'])
  const words = ['upgrade', '--install', 'ebb', chart, '--namespace', namespace, '--timeout', '10m', '--values']
  const { code, stderr } = await withFile(toYaml(values), (file) => runProgram('helm', [...words, file], process.cwd()))
  if (code !== 0) throw new ConfigError(`helm upgrade: ${stderr.trim()}`)
}

/** Waits until its migrations are through, and each part has shown that it can run; resolves to its address. */
async function untilReady(kubectl: Kubectl, { namespace }: PreviewNames): Promise<string> {
  const all = ['wait', KNATIVE_SERVICES, '--all', '--for=condition=Ready', '--timeout=300s']
  await kubectl.run(all).catch(async (cause: Error) => {
    const services = await kubectl.list<KnativeService>(KNATIVE_SERVICES)
    const faults = services.flatMap(({ metadata, status }) => {
      const ready = status?.conditions?.find(({ type }) => type === 'Ready')
      return ready?.status === 'True' ? [] : [`${metadata.name} ${ready?.message ?? 'is not ready'}`]
    })
    throw new ConfigError(`in ${namespace} not everything came up: ${faults.join('; ') || cause.message}`, { cause })
  })
  const gateway = await kubectl.find<KnativeService>(KNATIVE_SERVICES, 'ebb-gateway')
  return gateway?.status?.url ?? ''
}
