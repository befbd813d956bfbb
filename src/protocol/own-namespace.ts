import { readFileSync } from 'node:fs'

/**
 * The Kubernetes namespace that this process runs in, by where its resolver looks for names first; undefined elsewhere. A Knative
 * Service cannot be told it as a Deployment can (`fieldRef`), and kustomize puts it into no setting.
 */
export function ownNamespace(file = '/etc/resolv.conf'): string | undefined {
  try {
    return /^search\s+([a-z0-9-]+)\.svc\./m.exec(readFileSync(file, 'utf8'))?.[1]
  } catch {
    return undefined
  }
}
