import type { Context } from './context.ts'
import { runCommand } from './run-command.ts'

/** What the run ran on, a line each. */
export async function versionsOf({ kubectl, options }: Context): Promise<readonly string[]> {
  const { clientVersion, serverVersion } = JSON.parse(await kubectl.text(['version', '--output', 'json']))
  const words = ['get', 'deployment', 'controller', '--namespace', 'knative-serving', '--output', 'json']
  const knative = await runCommand('kubectl', words).then(
    (text) => JSON.parse(text).metadata.labels?.['app.kubernetes.io/version'],
    () => undefined,
  )
  const nodes = JSON.parse(await runCommand('kubectl', ['get', 'nodes', '--output', 'json'])).items
  return [
    `Kubernetes ${serverVersion.gitVersion}, kubectl ${clientVersion.gitVersion}`,
    knative ? `Knative Serving ${knative}` : 'no Knative',
    `Helm ${(await runCommand('helm', ['version', '--short'])).trim()}`,
    `${nodes.length} node(s): ${nodes.map(describe).join('; ')}`,
    `images ${options.registry}/ebb/*:${options.tag}, upgraded to ${options.nextTag}`,
  ]
}

const describe = ({ status }: { status: { capacity: { cpu: string }; nodeInfo: Record<string, string> } }) =>
  `${status.capacity.cpu} CPUs, ${status.nodeInfo.containerRuntimeVersion}, Linux ${status.nodeInfo.kernelVersion}`
