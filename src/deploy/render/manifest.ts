import { stringify } from 'yaml'

/** An object as Kubernetes takes it, or a document as another tool does. */
export type Manifest = Readonly<Record<string, unknown>>

export const HEADER = '# Rendered by `ebb render`. Do not edit.'

/** As YAML that Go's parsers read alike, which take more words for something else than texts. */
export const toYaml = (document: unknown): string =>
  stringify(document, { lineWidth: 0, aliasDuplicateObjects: false, compat: 'yaml-1.1' })

/** A rendered YAML file: its header, what else is to be said about it, and its documents. */
export function yamlFile(documents: readonly Manifest[], { about = '' } = {}): string {
  const comment = about.split('\n').map((line) => (line ? `# ${line}\n` : ''))
  const texts = documents.map(toYaml)
  return `${HEADER}\n${comment.join('')}${texts.join('---\n')}`
}

/** Where a container finds its secrets. */
export const SECRETS_FOLDER = '/var/run/secrets/ebb'
/** The user of our images. */
const UID = 65_532

/** What Pod Security "restricted" asks of a container, and a root file system that nobody writes to. */
export const restrictedSecurityContext = (uid = UID) => ({
  allowPrivilegeEscalation: false,
  capabilities: { drop: ['ALL'] },
  readOnlyRootFilesystem: true,
  runAsNonRoot: true,
  ...{ runAsUser: uid, runAsGroup: uid },
  seccompProfile: { type: 'RuntimeDefault' },
})

/** `NAME_FILE` for each secret, whatever its key is called where it is kept. */
export const secretEnv = (names: readonly string[]): readonly Manifest[] =>
  names.map((name) => ({ name: `${name}_FILE`, value: `${SECRETS_FOLDER}/${name}` }))

/** The keys of Secrets, by the Secret that has them. A key may be written `NAME=KEY`, where it is kept under another name. */
export type SecretKeys = Readonly<Record<string, readonly string[]>>

/** The names under which a container finds them. */
export const secretNames = (keys: SecretKeys) =>
  Object.values(keys).flatMap((list) => list.map((entry) => splitKey(entry).name))

/** These secrets as files, and a folder to write to: the container's mounts and the pod's volumes. */
export function secretMounts(keys: SecretKeys) {
  const sources = Object.entries(keys).filter(([, list]) => list.length > 0)
  const secret = ([name, list]: readonly [string, readonly string[]]) => ({
    secret: { name, items: list.map(splitKey).map(({ key, name: path }) => ({ key, path })) },
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

function splitKey(entry: string) {
  const [name = entry, key = name] = entry.split('=')
  return { name, key }
}

/** What a target cannot express: a sentence each, with contract, field and target; all of them at once. */
export class RenderError extends Error {
  override readonly name = 'RenderFault'

  constructor(sentences: readonly string[]) {
    super(sentences.join('\n'))
  }
}

/** One such sentence. */
export const unsupported = (name: string, field: string, target: string, why: string) =>
  `functions/${name}/contract.ts: ${field}: ${target} ${why}`
