import { build } from 'esbuild'
import { platformModule } from '../../src/deploy/platform-files.ts'
import { AUDIENCE, type ProviderConfig } from '../../src/dev/provider/provider-config.ts'
import { untilTrue } from '../support/until.ts'
import type { Context } from './context.ts'
import { isReady } from './kubectl.ts'

/** An OpenID provider of the checks' own, at which operators log in. */
export interface Issuer {
  /** As browsers and gateways have it. */
  readonly issuer: string
  readonly audience: string
  /** Where it is reachable from here. */
  readonly url: string
  readonly stop: () => Promise<unknown>
}

const NAME = 'issuer'
/** None of ours: the policies let the console and the gateways out to it in the whole namespace. */
const PORT = 4444
const LABELS = { 'app.kubernetes.io/name': NAME }

/** Runs the laptop's OpenID provider in the namespace of the run, for these people. */
export async function startIssuer(
  context: Context,
  config: Pick<ProviderConfig, 'roles' | 'people' | 'clients'>,
): Promise<Issuer> {
  const { kubectl, options } = context
  const issuer = `http://${NAME}.${options.namespace}.svc:${PORT}`
  const stop = () =>
    kubectl.text(['delete', `pod/${NAME}`, `service/${NAME}`, `configmap/${NAME}`, '--ignore-not-found'])
  // One that is left over from a run before has other people and keys.
  await stop()
  const provided = { 'provider.cjs': await bundleProvider(), 'config.json': JSON.stringify({ issuer, ...config }) }
  const items = [configMap(provided), pod(`${options.registry}/ebb/gateway:${options.tag}`), service()]
  // Not applied: kubectl would keep a copy of the program in an annotation, which has no room for it.
  const input = JSON.stringify({ apiVersion: 'v1', kind: 'List', items })
  await kubectl.text(['create', '--filename', '-'], { input })
  await untilTrue(async () => isReady(await kubectl.get('pod', NAME)), { limitMs: 120_000, what: 'the issuer' })
  return { issuer, audience: AUDIENCE, url: await context.serviceUrl(NAME, PORT), stop }
}

/** The provider and all its packages in one file. */
async function bundleProvider(): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [platformModule('src/dev/provider/index')],
    ...{ bundle: true, minify: true, platform: 'node', target: 'node26', format: 'cjs', write: false },
    ...{ logLevel: 'silent', legalComments: 'none' },
    // The provider finds its settings by the names of its classes.
    keepNames: true,
  })
  return outputFiles[0]?.text ?? ''
}

const configMap = (data: Readonly<Record<string, string>>) => ({
  ...{ apiVersion: 'v1', kind: 'ConfigMap', metadata: { name: NAME } },
  data,
})

const pod = (image: string) => ({
  ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: NAME, labels: LABELS } },
  spec: {
    automountServiceAccountToken: false,
    securityContext: { runAsNonRoot: true, runAsUser: 65_532, seccompProfile: { type: 'RuntimeDefault' } },
    containers: [
      {
        // The gateway's image, for its Node.
        ...{
          name: NAME,
          image,
          imagePullPolicy: 'IfNotPresent',
          command: ['/usr/local/bin/node', '/run/it/provider.cjs'],
        },
        env: [
          { name: 'PORT', value: String(PORT) },
          { name: 'EBB_PROVIDER_CONFIG', value: '/run/it/config.json' },
        ],
        readinessProbe: { httpGet: { path: '/_/health', port: PORT }, periodSeconds: 1 },
        resources: { requests: { cpu: '20m', memory: '96Mi' }, limits: { memory: '256Mi' } },
        securityContext: {
          ...{ allowPrivilegeEscalation: false, readOnlyRootFilesystem: true },
          capabilities: { drop: ['ALL'] },
        },
        volumeMounts: [{ name: 'it', mountPath: '/run/it', readOnly: true }],
      },
    ],
    volumes: [{ name: 'it', configMap: { name: NAME } }],
  },
})

const service = () => ({
  ...{ apiVersion: 'v1', kind: 'Service', metadata: { name: NAME } },
  spec: { selector: LABELS, ports: [{ name: 'http', port: PORT }] },
})
