import { parseArgs } from 'node:util'

export const ENGINES = ['knative', 'kubernetes', 'keda', 'openfaas'] as const
export type Engine = (typeof ENGINES)[number]

export interface Options {
  readonly engine: Engine
  readonly namespace: string
  readonly release: string
  readonly registry: string
  readonly tag: string
  /** What the upgrade goes to. */
  readonly nextTag: string
  readonly build: boolean
  /** Run with the images' names after they are built. */
  readonly load: string | undefined
  /** Where Knative's ingress runs: its namespace, and the port of its pods for cluster-local requests. */
  readonly ingress: string | undefined
  readonly ingressPort: string
  /** Names of checks to run, or parts of them; all where there are none. */
  readonly only: readonly string[]
  /** An image of Ory Hydra (its command is `hydra`), for the check of logins; without it that is left out. */
  readonly hydra: string | undefined
  /** Whether the run is written into docs/runs. */
  readonly write: boolean
  /** Thousandths of a core that a pod beside it burns meanwhile. */
  readonly busy: number
  /** The namespace as it is, and as it was, for looking at what went wrong. */
  readonly reuse: boolean
}

const HELP = `npm run e2e:cluster -- [options]     (KUBECONFIG says which cluster)

  --engine ENGINE               EBB_E2E_ENGINE     knative, kubernetes, keda or openfaas (knative)
  --namespace NAME              EBB_E2E_NAMESPACE  (ebb-e2e; is deleted before)
  --registry HOST               EBB_E2E_REGISTRY   (localhost)
  --tag TAG                     EBB_E2E_TAG        (e2e-1)
  --next-tag TAG                EBB_E2E_NEXT_TAG   (e2e-2: what the upgrade goes to)
  --load COMMAND                EBB_E2E_LOAD       is run with the names of the images that were built
  --no-build                    takes images that the cluster has
  --ingress NAMESPACE           EBB_E2E_INGRESS    where Knative's ingress is (found by itself)
  --ingress-port PORT           (8081)
  --only NAME                   one check, by a part of its name; more than once
  --hydra IMAGE                 an image of Ory Hydra, to log in at a real OpenID provider (left out without one)
  --busy MILLICORES             of a core that another pod burns meanwhile (0)
  --reuse                       keeps the namespace and what is installed there
  --no-write                    writes nothing into docs/runs
`

/** What the command line and the environment say. */
export function readOptions(words: readonly string[], env = process.env): Options {
  const { values } = parseArgs({
    args: [...words],
    allowNegative: true,
    options: {
      engine: { type: 'string', default: env.EBB_E2E_ENGINE ?? 'knative' },
      namespace: { type: 'string', default: env.EBB_E2E_NAMESPACE ?? 'ebb-e2e' },
      registry: { type: 'string', default: env.EBB_E2E_REGISTRY ?? 'localhost' },
      tag: { type: 'string', default: env.EBB_E2E_TAG ?? 'e2e-1' },
      'next-tag': { type: 'string', default: env.EBB_E2E_NEXT_TAG ?? 'e2e-2' },
      load: { type: 'string', default: env.EBB_E2E_LOAD ?? '' },
      build: { type: 'boolean', default: true },
      ingress: { type: 'string', default: env.EBB_E2E_INGRESS ?? '' },
      'ingress-port': { type: 'string', default: '8081' },
      hydra: { type: 'string', default: env.EBB_E2E_HYDRA ?? '' },
      busy: { type: 'string', default: '0' },
      only: { type: 'string', multiple: true, default: [] },
      reuse: { type: 'boolean', default: false },
      write: { type: 'boolean', default: true },
      help: { type: 'boolean', default: false },
    },
  })
  const engine = ENGINES.find((name) => name === values.engine)
  if (values.help || engine === undefined) {
    process.stdout.write(HELP)
    process.exit(values.help ? 0 : 2)
  }
  const { namespace, registry, tag, build, only, write, reuse } = values
  return {
    ...{ engine, namespace, registry, tag, build, only, write, reuse, release: 'ebb' },
    busy: Number(values.busy),
    nextTag: values['next-tag'],
    load: values.load || undefined,
    hydra: values.hydra || undefined,
    ingress: values.ingress || undefined,
    ingressPort: values['ingress-port'],
  }
}
