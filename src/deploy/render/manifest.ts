import { stringify } from 'yaml'

/** A Kubernetes object, or the document of another tool. */
export type Manifest = Readonly<Record<string, unknown>>

/** The first line of every rendered file. */
export const HEADER = '# Rendered by `ebb render`. Do not edit.'

/** Writes YAML that YAML 1.1 parsers (Go) read alike: they take words such as `on` for booleans unless quoted. */
export const toYaml = (document: unknown): string =>
  stringify(document, { lineWidth: 0, aliasDuplicateObjects: false, compat: 'yaml-1.1' })

/** A rendered YAML file: its header, a comment about it, and its documents. */
export function yamlFile(documents: readonly Manifest[], { about = '' } = {}): string {
  const comment = about.split('\n').map((line) => (line ? `# ${line}\n` : ''))
  const texts = documents.map(toYaml)
  return `${HEADER}\n${comment.join('')}${texts.join('---\n')}`
}

/** The folder in which a container finds its secrets. */
export const SECRETS_FOLDER = '/var/run/secrets/ebb'
/** The user of our images. */
const UID = 65_532

/** What Pod Security "restricted" requires of a container, with a read-only root file system. */
export const restrictedSecurityContext = (uid = UID) => ({
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  ...{ runAsUser: uid, runAsGroup: uid },
  seccompProfile: { type: 'RuntimeDefault' },
})

/** `NAME_FILE` for each secret, independent of the name of its key in the Secret. */
export const secretEnv = (names: readonly string[]): readonly Manifest[] =>
  names.map((name) => ({ name: `${name}_FILE`, value: `${SECRETS_FOLDER}/${name}` }))

/** Keys by the Secret that holds them. `NAME=KEY` mounts a key under another name, and `NAME?` one that may be absent. */
export type SecretKeys = Readonly<Record<string, readonly string[]>>

/** The names under which a container finds them. */
export const secretNames = (keys: SecretKeys) =>
  Object.values(keys).flatMap((list) => list.map((entry) => splitKey(entry).name))

/** The container's mounts and the pod's volumes: these secrets as files, and a writable /tmp. */
export function secretMounts(keys: SecretKeys) {
  const sources = Object.entries(keys).flatMap(([name, list]) => {
    const [later, needed] = [list.filter(mayBeAbsent), list.filter((entry) => !mayBeAbsent(entry))]
    return [
      ...(needed.length > 0 ? [{ name, list: needed, more: {} }] : []),
      ...(later.length > 0 ? [{ name, list: later, more: { optional: true } }] : []),
    ]
  })
  const secret = ({ name, list, more }: (typeof sources)[number]) => ({
    secret: { name, ...more, items: list.map(splitKey).map(({ key, name: path }) => ({ key, path })) },
  })
  return {
    volumeMounts: [
      { name: 'secrets', mountPath: SECRETS_FOLDER, readOnly: true },
      { name: 'tmp', mountPath: '/tmp' },
    ],
    volumes: [
      { name: 'secrets', projected: { sources: sources.map(secret) } },
      { name: 'tmp', emptyDir: { sizeLimit: '64Mi' } },
    ],
  }
}

/** What is there only while the value beside it is being replaced, or what a pod starts without. */
const mayBeAbsent = (entry: string) => entry.endsWith('?') || splitKey(entry).name.endsWith('_PREVIOUS')

function splitKey(entry: string) {
  const [name = entry, key = name] = entry.replace(/\?$/, '').split('=')
  return { name, key }
}

/** What cannot be rendered: one sentence each with the file, the field and why, all of them at once. */
export class RenderError extends Error {
  override readonly name = 'RenderError'

  constructor(sentences: readonly string[], options?: ErrorOptions) {
    super(sentences.join('\n'), options)
  }
}

/** One such sentence. */
export const unsupported = (name: string, field: string, target: string, why: string) =>
  `functions/${name}/contract.ts: ${field}: ${target} ${why}`
