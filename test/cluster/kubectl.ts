import { type CommandOptions, runCommand } from './run-command.ts'

/** An object of the cluster, as far as the checks look at it. */
export interface KubernetesObject {
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly creationTimestamp: string
    readonly deletionTimestamp?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
  readonly kind: string
  readonly spec: Readonly<Record<string, unknown>>
  readonly status?: {
    readonly phase?: string
    readonly podIP?: string
    readonly replicas?: number
    readonly readyReplicas?: number
    readonly latestReadyRevisionName?: string
    readonly conditions?: readonly { readonly type: string; readonly status: string; readonly message?: string }[]
  }
}

export type Kubectl = ReturnType<typeof kubectlIn>

/** kubectl in one namespace. */
export function kubectlIn(namespace: string) {
  const text = (args: readonly string[], options?: CommandOptions) =>
    runCommand('kubectl', ['--namespace', namespace, ...args], options)
  // The kinds that are asked for have these fields.
  const list = async (kinds: string, selector = '') => {
    const words = ['get', kinds, '--output', 'json', ...(selector ? ['--selector', selector] : [])]
    return (JSON.parse(await text(words)) as { items: KubernetesObject[] }).items
  }
  return {
    text,
    list,
    get: async (kind: string, name: string) =>
      JSON.parse(await text(['get', kind, name, '--output', 'json'])) as KubernetesObject,
    /** Pods of one part that are not on their way out: `gateway`, `relay`, `postgres`, `redis`. */
    podsOf: async (part: string) =>
      (await list('pods', `app.kubernetes.io/component=${part}`)).filter((pod) => !pod.metadata.deletionTimestamp),
    /** Pods of one function, those on their way out as well. */
    podsOfFunction: (name: string) =>
      list('pods', `app.kubernetes.io/component=function,app.kubernetes.io/name=${name}`),
    secret: async (name: string, key: string) =>
      Buffer.from(await text(['get', 'secret', name, '--output', `jsonpath={.data.${key}}`]), 'base64').toString(),
  }
}

export const conditionOf = ({ status }: KubernetesObject, type: string) =>
  status?.conditions?.find((condition) => condition.type === type)?.status

/** Whether a pod, or a Knative Service, is ready. */
export const isReady = (thing: KubernetesObject) => conditionOf(thing, 'Ready') === 'True'
