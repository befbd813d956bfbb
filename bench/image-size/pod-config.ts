import type { RunOptions } from './run-image.ts'

interface ImageConfig {
  readonly Env?: readonly string[]
  readonly Entrypoint?: readonly string[]
  readonly Cmd?: readonly string[]
  readonly WorkingDir?: string
  readonly User?: string
}

/**
 * What runc is told (OCI runtime specification): an image's own command, as the first process, without capabilities, on a
 * read-only root with an empty /tmp, as Kubernetes' Pod Security level "restricted" and `readOnlyRootFilesystem` have it.
 */
export function podConfig(root: string, image: ImageConfig, { env, user = image.User ?? '' }: RunOptions) {
  const [uid, gid = 0] = user.split(':').map(Number)
  const set = Object.entries(env).map(([name, value]) => `${name}=${value}`)
  return {
    ociVersion: '1.0.2',
    process: {
      ...{
        args: [...(image.Entrypoint ?? []), ...(image.Cmd ?? [])],
        cwd: image.WorkingDir || '/',
        user: { uid, gid },
      },
      env: [...(image.Env ?? []).filter((line) => !((line.split('=')[0] ?? '') in env)), ...set],
      ...{ noNewPrivileges: true, capabilities: {} },
    },
    root: { path: root, readonly: true },
    mounts: [
      { destination: '/proc', type: 'proc', source: 'proc' },
      { destination: '/dev', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'mode=755', 'size=64k'] },
      { destination: '/tmp', type: 'tmpfs', source: 'tmpfs', options: ['nosuid', 'nodev', 'mode=1777', 'size=64m'] },
    ],
    linux: { namespaces: ['pid', 'mount', 'ipc', 'uts'].map((type) => ({ type })) },
  }
}
