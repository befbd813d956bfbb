import { type KubernetesObject, openKubectl } from '../canary/kubectl.ts'

interface Secret extends KubernetesObject {
  readonly type: string
  readonly data?: Readonly<Record<string, string>>
}

type Texts = Readonly<Record<string, string>>

/** What is in a Secret, as texts; undefined where there is none. */
export async function readSecret(namespace: string, name: string): Promise<Texts | undefined> {
  const { data = {} } = (await findSecret(namespace, name)) ?? {}
  const entries = Object.entries(data).map(([key, value]) => [key, Buffer.from(value, 'base64').toString()] as const)
  return entries.length > 0 ? Object.fromEntries(entries) : undefined
}

const findSecret = (namespace: string, name: string) => openKubectl({ namespace }).find<Secret>('secret', name)

/** A Secret to be. */
export const secretOf = (name: string, stringData: Texts) => ({
  apiVersion: 'v1',
  kind: 'Secret',
  metadata: { name },
  stringData,
})

/** A Secret of another namespace as one to be, under its name. Undefined where there is none. */
export async function copyOf(namespace: string, name: string): Promise<object | undefined> {
  const found = await findSecret(namespace, name)
  return found && { apiVersion: 'v1', kind: 'Secret', metadata: { name }, type: found.type, data: found.data ?? {} }
}
