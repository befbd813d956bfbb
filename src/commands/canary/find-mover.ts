import { ConfigError } from '../../kernel/index.ts'
import { knativeMover } from './knative-mover.ts'
import type { Kubectl } from './kubectl.ts'
import { kubernetesMover } from './kubernetes-mover.ts'
import type { Mover } from './mover.ts'

const KNATIVE_SERVICES = 'services.serving.knative.dev'

/** The mover of the engine that runs a function. Throws a ConfigError where the namespace has no such function. */
export async function moverOf(kubectl: Kubectl, name: string): Promise<Mover> {
  const isKnative = (await kubectl.knows(KNATIVE_SERVICES)) && (await kubectl.find(KNATIVE_SERVICES, name))
  if (isKnative) return knativeMover(kubectl)
  if (await kubectl.find('deployments.apps', name)) return kubernetesMover(kubectl)
  throw new ConfigError(
    `this namespace has no function ${name}: a canary needs a cluster with the engine knative or kubernetes, kubectl, and --namespace.`,
  )
}
