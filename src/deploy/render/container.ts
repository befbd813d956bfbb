import type { Manifest } from './manifest.ts'

/** Where a container finds its secrets. */
export const SECRETS_FOLDER = '/var/run/secrets/ebb'
/** The user of our images. */
const UID = 65_532

/** What Pod Security "restricted" asks of a container, and a root file system that nobody writes to. */
export const restricted = (uid = UID) => ({
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
export type Keys = Readonly<Record<string, readonly string[]>>

/** The names under which a container finds them. */
export const namesOf = (keys: Keys) => Object.values(keys).flatMap((list) => list.map((entry) => split(entry).name))

/** These secrets as files, and a folder to write to: the container's mounts and the pod's volumes. */
export function mountsOf(keys: Keys) {
  const sources = Object.entries(keys).filter(([, list]) => list.length > 0)
  const secret = ([name, list]: readonly [string, readonly string[]]) => ({
    secret: { name, items: list.map(split).map(({ key, name: path }) => ({ key, path })) },
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

function split(entry: string) {
  const [name = entry, key = name] = entry.split('=')
  return { name, key }
}
