import { fileURLToPath } from 'node:url'
import type { Check } from '../checks.ts'
import { kubectlIn } from '../kubectl.ts'

const OVERLAYS = fileURLToPath(new URL('../../../k8s/overlays/', import.meta.url))

/** The API server would take each object that is rendered from the contracts, with all its fields. */
export const accepted: Check = {
  name: 'k8s/ is accepted by the API server',
  engine: 'knative',
  run: async () => {
    const kubectl = kubectlIn('default')
    const counts: string[] = []
    for (const overlay of ['kind', 'production']) {
      const words = ['--dry-run=server', '--validate=strict', '--kustomize', OVERLAYS + overlay]
      const lines = (await kubectl.text(['apply', ...words])).trim().split('\n')
      const others = lines.filter((line) => !/ (created|configured|unchanged) \(server dry run\)$/.test(line))
      if (others.length > 0) throw new Error(others.join('; '))
      counts.push(`${overlay}: ${lines.length} objects`)
    }
    return counts.join(', ')
  },
}
