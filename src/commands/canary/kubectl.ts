import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as delay } from 'node:timers/promises'
import { ConfigError } from '../../kernel/index.ts'
import { runProgram } from '../../project/run-program.ts'

/** An object of the cluster, of which its kind says what there is. */
export interface KubernetesObject {
  readonly kind: string
  readonly metadata: {
    readonly name: string
    readonly uid: string
    readonly generation: number
    readonly deletionTimestamp?: string
    readonly labels?: Readonly<Record<string, string>>
    readonly annotations?: Readonly<Record<string, string>>
  }
}

/** One change of an object (RFC 6902). */
export interface JsonPatch {
  readonly op: 'add' | 'replace' | 'remove' | 'test'
  readonly path: string
  readonly value?: unknown
}

export type Kubectl = ReturnType<typeof openKubectl>

/** What a roll-out may take, the pull of its image included. */
const READY_MS = 300_000
const POLL_MS = 500
/** Who has changed a field, by the API server's own record. */
const FIELD_MANAGER = 'ebb-canary'

interface ManagedObject {
  readonly metadata: { readonly managedFields: readonly { readonly manager: string }[] }
}

/** kubectl in one namespace; in that of its context where none is named. */
export function openKubectl({ namespace }: { readonly namespace?: string | undefined }) {
  const words = namespace === undefined ? [] : ['--namespace', namespace]
  const run = async (args: readonly string[]) => {
    const { code, stdout, stderr } = await runProgram('kubectl', [...words, ...args], process.cwd())
    if (code !== 0) throw new ConfigError(`kubectl ${args[0]} ${args[1] ?? ''}: ${stderr.trim()}`)
    return stdout
  }
  // What is asked for has the kind that is named.
  const find = async <Kind extends KubernetesObject>(kind: string, name: string): Promise<Kind | undefined> => {
    const text = await run(['get', kind, name, '--ignore-not-found', '--output', 'json'])
    return text.trim() === '' ? undefined : (JSON.parse(text) as Kind)
  }
  const patch = (kind: string, name: string, changes: readonly JsonPatch[]) => {
    const words = ['--type', 'json', '--field-manager', FIELD_MANAGER, '--patch', JSON.stringify(changes)]
    return run(['patch', kind, name, ...words])
  }
  return {
    find,
    /** Any other words; resolves to what it prints, and throws what it says where it fails. */
    run,
    list: async <Kind extends KubernetesObject>(kind: string, selector = ''): Promise<readonly Kind[]> =>
      // An empty selector is all of them.
      (
        JSON.parse(await run(['get', kind, '--selector', selector, '--output', 'json'])) as {
          readonly items: readonly Kind[]
        }
      ).items,
    /** Whether the cluster has objects of this kind, such as `services.serving.knative.dev`. */
    knows: async (kind: string): Promise<boolean> => {
      const group = kind.slice(kind.indexOf('.') + 1)
      return (await run(['api-resources', '--api-group', group, '--output', 'name'])).split('\n').includes(kind)
    },
    patch,
    /** Leaves what was patched as it is, to whoever applies the object next: helm would be refused as long as it is ours. */
    release: async (kind: string, name: string) => {
      // Of any object.
      const { metadata }: ManagedObject = JSON.parse(
        await run(['get', kind, name, '--show-managed-fields', '--output', 'json']),
      )
      const i = metadata.managedFields.findIndex(({ manager }) => manager === FIELD_MANAGER)
      const path = `/metadata/managedFields/${i}`
      const changes = [
        { op: 'test', path: `${path}/manager`, value: FIELD_MANAGER },
        { op: 'remove', path },
      ] as const
      if (i >= 0) await patch(kind, name, changes)
    },
    apply: async (objects: readonly object[]) => {
      const folder = await mkdtemp(join(tmpdir(), 'ebb-canary-'))
      try {
        const file = join(folder, 'objects.json')
        await writeFile(file, JSON.stringify({ apiVersion: 'v1', kind: 'List', items: objects }))
        await run(['apply', '--filename', file])
      } finally {
        await rm(folder, { recursive: true })
      }
    },
    remove: (kinds: string, selector: string) =>
      run(['delete', kinds, '--selector', selector, '--ignore-not-found', '--wait=false']),
    /** Waits until there are none; at once where there are none already. */
    untilGone: (kind: string, selector: string) =>
      run(['wait', kind, '--selector', selector, '--for=delete', `--timeout=${READY_MS / 1_000}s`]),
    /** Waits until the object is as it is to be; `look` throws where it never will be. */
    until: async <Kind extends KubernetesObject>(kind: string, name: string, look: (found: Kind) => boolean) => {
      for (const endsAt = Date.now() + READY_MS; Date.now() < endsAt; await delay(POLL_MS)) {
        const found = await find<Kind>(kind, name)
        if (!found) throw new ConfigError(`there is no ${kind} ${name} any more.`)
        if (look(found)) return found
      }
      throw new ConfigError(`${kind} ${name} is not ready after ${READY_MS / 1_000} s; kubectl describe says why.`)
    },
  }
}
