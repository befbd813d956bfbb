import type { Manifest } from './helm.ts'

export interface Container {
  readonly name: string
  readonly image: string
  readonly env?: readonly { readonly name: string; readonly value?: string; readonly valueFrom?: unknown }[]
  readonly envFrom?: unknown
  readonly resources?: Readonly<Record<'requests' | 'limits', Readonly<Record<string, string>> | undefined>>
  readonly securityContext?: Readonly<Record<string, unknown>>
  readonly ports?: readonly { readonly name: string; readonly containerPort: number }[]
  readonly volumeMounts?: readonly { readonly name: string; readonly mountPath: string }[]
}

interface Volume {
  readonly name: string
  readonly projected?: {
    readonly sources: readonly {
      readonly secret: { readonly name: string; readonly items: readonly { key: string; path: string }[] }
    }[]
  }
}

export interface Pod {
  /** The kind and name of what makes it. */
  readonly of: string
  readonly labels: Readonly<Record<string, string>>
  readonly annotations: Readonly<Record<string, string>>
  readonly spec: Readonly<Record<string, unknown>> & {
    readonly containers: readonly Container[]
    readonly volumes: readonly Volume[]
  }
}

interface Template {
  readonly metadata: Partial<Pick<Pod, 'labels' | 'annotations'>>
  readonly spec: Pod['spec']
}

const HAVE_TEMPLATES = ['Deployment', 'StatefulSet', 'Job', 'Service']

/** The pods that all these make. */
export const podsOf = (manifests: readonly Manifest[]): readonly Pod[] =>
  manifests.flatMap((manifest) => {
    const template = templateOf(manifest)
    if (!template) return []
    const { labels = {}, annotations = {} } = template.metadata
    return [{ of: `${manifest.kind} ${manifest.metadata.name}`, labels, annotations, spec: template.spec }]
  })

function templateOf(manifest: Manifest): Template | undefined {
  const { kind, spec } = manifest
  // A Kubernetes Service has no template; of all kinds these are the shapes.
  if (kind === 'Pod') return manifest as unknown as Template
  if (kind === 'CronJob') return (spec.jobTemplate as { spec: { template: Template } }).spec.template
  return HAVE_TEMPLATES.includes(kind) ? (spec.template as Template | undefined) : undefined
}

export const componentOf = ({ labels }: Pick<Pod, 'labels'>) => labels['app.kubernetes.io/component'] ?? ''

/** The settings of a container, secrets by the names of their settings: `NAME` for `NAME_FILE`. */
export function settingsOf({ env = [] }: Container) {
  const plain = env.filter(({ name }) => !name.endsWith('_FILE'))
  return {
    plain: Object.fromEntries(plain.map(({ name, value }) => [name, value])),
    files: env
      .filter(({ name }) => name.endsWith('_FILE'))
      .map(({ name, value }) => [name.slice(0, -5), value] as const),
  }
}

/** The files of a pod's Secrets: their paths, and `name/key` of where each comes from. */
export const secretFilesOf = ({ spec }: Pod): Readonly<Record<string, string>> =>
  Object.fromEntries(
    spec.volumes.flatMap(({ projected }) =>
      (projected?.sources ?? []).flatMap(({ secret }) =>
        secret.items.map(({ key, path }) => [`/var/run/secrets/ebb/${path}`, `${secret.name}/${key}`]),
      ),
    ),
  )

/** The values with which the chart makes no Secret: an existing one for each. */
export const existingSecrets = {
  identity: { existingSecret: 'my-identity' },
  gateway: { existingSecret: 'my-gateway' },
  redis: { existingSecret: 'my-redis' },
  postgres: {
    owner: { existingSecret: 'my-owner' },
    gateway: { existingSecret: 'my-gateway-login' },
    relay: { existingSecret: 'my-relay-login' },
    functions: { existingSecret: 'my-functions-login' },
    bundled: { existingSecret: 'my-superuser' },
  },
}
