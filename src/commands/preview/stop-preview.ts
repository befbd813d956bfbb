import { ConfigError } from '../../kernel/index.ts'
import { type KubernetesObject, openKubectl } from '../canary/kubectl.ts'
import { dropPreviewDatabase, previewsOfServer } from './preview-database.ts'
import { type PreviewNames, previewNames } from './preview-names.ts'
import { isExpired, PREVIEW_LABEL, previewOfNamespace } from './preview-namespace.ts'
import { withServer } from './previews-server.ts'

/** All namespaces of previews. */
export const previewNamespaces = (): Promise<readonly KubernetesObject[]> =>
  openKubectl({}).list('namespaces', PREVIEW_LABEL)

/**
 * Removes previews: the namespace with all that is in it, then, when nothing can use them any more, database and roles. What is gone already is
 * no fault, so that what an earlier run has left is removed by the next one. One that resists keeps no other; then it throws.
 */
export async function stopPreviews(names: readonly string[]): Promise<void> {
  const faults: string[] = []
  /** Those with which it succeeds. */
  const each = async (previews: readonly PreviewNames[], work: (preview: PreviewNames) => Promise<unknown>) => {
    const done: PreviewNames[] = []
    for (const preview of previews) {
      try {
        await work(preview)
        done.push(preview)
      } catch (error) {
        faults.push(error instanceof Error ? error.message : String(error))
      }
    }
    return done
  }
  const leaving = await each(names.map(previewNames), beginToDelete)
  const gone = await each(leaving, untilDeleted)
  if (gone.length > 0) await withServer((connect) => each(gone, (preview) => dropPreviewDatabase(connect, preview)))
  if (faults.length > 0) throw new ConfigError(faults.join('; '))
}

/** A pod that drains takes a minute, a control plane that is busy several. */
const untilDeleted = ({ namespace }: PreviewNames) =>
  openKubectl({}).run(['wait', `namespace/${namespace}`, '--for=delete', '--timeout=600s'])

async function beginToDelete({ name, namespace }: PreviewNames): Promise<void> {
  const kubectl = openKubectl({ namespace })
  const found = await kubectl.find('namespace', namespace)
  if (found && previewOfNamespace(found) !== name)
    throw new ConfigError(
      `the namespace ${namespace} is no preview (it has no label ${PREVIEW_LABEL}=${name}): it stays`,
    )
  await kubectl.run(['delete', 'namespace', namespace, '--ignore-not-found', '--wait=false'])
}

/** The previews whose time is over, and those of which only a database or a role is left. */
export async function findExpired(now: Date): Promise<readonly string[]> {
  // In this order: a preview that begins meanwhile has its namespace before it has a database.
  const stored = (await withServer(previewsOfServer)) ?? []
  const namespaces = await previewNamespaces()
  const there = namespaces.map(previewOfNamespace)
  const expired = namespaces.filter((namespace) => isExpired(namespace, now)).map(previewOfNamespace)
  return [...expired.filter((name) => name !== undefined), ...stored.filter((name) => !there.includes(name))].sort()
}
