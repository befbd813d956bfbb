import type { Context } from './context.ts'
import { kubectlIn } from './kubectl.ts'

const NAME = 'ebb-busy'
/** It ends by itself, whatever becomes of the run. */
const LIMIT_SECONDS = 7_200

/** Starts a pod in a namespace of its own that burns so many thousandths of a core. Returns how to delete both. */
export async function startBusyPod({ options }: Context, millicores: number): Promise<() => Promise<unknown>> {
  const namespace = `${options.namespace}-busy`
  const kubectl = kubectlIn(namespace)
  const cpu = { cpu: `${millicores}m` }
  const container = {
    name: 'busy',
    // For its Node.
    image: `${options.registry}/ebb/gateway:${options.tag}`,
    imagePullPolicy: 'IfNotPresent',
    command: ['/usr/local/bin/node', '--eval', 'for (;;);'],
    resources: { requests: cpu, limits: cpu },
    securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
  }
  const pod = {
    ...{ apiVersion: 'v1', kind: 'Pod', metadata: { name: NAME } },
    spec: {
      ...{ restartPolicy: 'Never', activeDeadlineSeconds: LIMIT_SECONDS, terminationGracePeriodSeconds: 0 },
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [container],
    },
  }
  await kubectl.text(['delete', 'namespace', namespace, '--ignore-not-found'])
  await kubectl.text(['create', 'namespace', namespace])
  await kubectl.text(['apply', '--filename', '-'], { input: JSON.stringify(pod) })
  await kubectl.text(['wait', `pod/${NAME}`, '--for=condition=Ready', '--timeout=120s'])
  return () => kubectl.text(['delete', 'namespace', namespace, '--wait=false'])
}
