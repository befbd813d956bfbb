import type { KubernetesObject } from '../canary/kubectl.ts'

/** The label of a preview's namespace, whose value is the preview's name: what has it not is never removed. */
export const PREVIEW_LABEL = 'ebb.dev/preview'
/** When the preview may be removed (ISO 8601). */
export const EXPIRES = 'ebb.dev/expires'

/** A namespace that admits only what is `restricted`. */
export const restrictedNamespace = (
  name: string,
  metadata: Partial<Pick<KubernetesObject['metadata'], 'labels' | 'annotations'>> = {},
) => ({
  ...{ apiVersion: 'v1', kind: 'Namespace' },
  metadata: { ...metadata, name, labels: { 'pod-security.kubernetes.io/enforce': 'restricted', ...metadata.labels } },
})

/** The preview that a namespace is of; undefined for any other namespace. */
export const previewOfNamespace = ({ metadata }: KubernetesObject): string | undefined =>
  metadata.labels?.[PREVIEW_LABEL]

/** Whether its time is over. One that says no time has none. */
export const isExpired = ({ metadata }: KubernetesObject, now: Date): boolean =>
  Date.parse(metadata.annotations?.[EXPIRES] ?? '') <= now.getTime()
