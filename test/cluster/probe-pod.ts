import { untilTrue } from '../support/until.ts'
import type { Context } from './context.ts'
import { type Kubectl, kubectlIn } from './kubectl.ts'

const SCRIPT = `
import { connect } from 'node:net'
const found = {}
for (const [name, at] of Object.entries(JSON.parse(process.argv[1]))) {
  if (at.startsWith('http')) {
    found[name] = await fetch(at, { signal: AbortSignal.timeout(30_000) }).then(
      (answer) => String(answer.status), (error) => (error.cause ?? error).code ?? error.name)
  } else {
    const { promise, resolve } = Promise.withResolvers()
    const [host, port] = at.split(':')
    const socket = connect({ host, port, timeout: 4_000 })
    socket.once('connect', () => resolve('connected')).once('timeout', () => resolve('timeout')).once('error', (error) => resolve(error.code))
    found[name] = await promise
    socket.destroy()
  }
}
console.log(JSON.stringify(found))
`

/** What is found where a NetworkPolicy allows nothing. */
export const NO_WAY = /^(timeout|TimeoutError|UND_ERR_CONNECT_TIMEOUT|ECONNREFUSED|EHOSTUNREACH|ENETUNREACH)$/

const commandFor = (targets: Readonly<Record<string, string>>) => [
  ...['/usr/local/bin/node', '--input-type=module', '--eval', SCRIPT],
  JSON.stringify(targets),
]

/** What a container of ours that runs gets at each address, in the same words. */
export async function probeIn(
  { kubectl, pod, container }: { readonly kubectl: Kubectl; readonly pod: string; readonly container: string },
  targets: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  return JSON.parse(await kubectl.text(['exec', pod, '--container', container, '--', ...commandFor(targets)]))
}

/** What a pod that is none of ours gets at each address: \`connected\`, an error's code, or a status of HTTP. */
export async function probeFrom(
  { options }: Context,
  namespace: string,
  targets: Readonly<Record<string, string>>,
): Promise<Readonly<Record<string, string>>> {
  const kubectl = kubectlIn(namespace)
  const name = 'ebb-probe'
  const pod = {
    apiVersion: 'v1',
    kind: 'Pod',
    metadata: { name },
    spec: {
      restartPolicy: 'Never',
      automountServiceAccountToken: false,
      securityContext: { runAsNonRoot: true, runAsUser: 65532, seccompProfile: { type: 'RuntimeDefault' } },
      containers: [
        {
          name: 'probe',
          // For its Node.
          image: `${options.registry}/ebb/gateway:${options.tag}`,
          imagePullPolicy: 'IfNotPresent',
          command: commandFor(targets),
          securityContext: { allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] } },
        },
      ],
    },
  }
  await kubectl.text(['delete', 'pod', name, '--ignore-not-found'])
  try {
    await kubectl.text(['apply', '--filename', '-'], { input: JSON.stringify(pod) })
    await untilTrue(() => hasEnded(kubectl, name), { limitMs: 120_000, what: 'the end of the probe' })
    return JSON.parse(await kubectl.text(['logs', name]))
  } finally {
    await kubectl.text(['delete', 'pod', name, '--ignore-not-found'])
  }
}

async function hasEnded(kubectl: Kubectl, name: string): Promise<boolean> {
  const { status } = await kubectl.get('pod', name)
  return status?.phase === 'Succeeded' || status?.phase === 'Failed'
}
