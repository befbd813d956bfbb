import type { AnyContract } from './describe.ts'
import type { WarmWindow } from './warm-windows.ts'

/** What endpoints and subscribers say alike about how they run. */
export interface Deployment {
  /** Counted inside the function, from the request's headers to its answer; 10 s unless told. */
  readonly timeoutMs?: number
  readonly scale?: Scaling
  /** What an instance gets on a cluster: 50m CPU and 96Mi, at most 192Mi, unless told. */
  readonly resources?: Resources
  /** The names of the secrets that it may read: UPPER_SNAKE, from the environment or `NAME_FILE`. */
  readonly secrets?: readonly string[]
  /**
   * Whom it calls besides the platform's own stores, each as `host:port`: a name or an IPv4 address; of a Service in the
   * cluster the port of its pods. On Kubernetes it can call nobody else; a laptop lets it.
   */
  readonly egress?: readonly string[]
  /** Raised when a change breaks callers. */
  readonly version?: string
  readonly targets?: Targets
}

export interface Scaling {
  /** A cluster keeps so many warm; 0 unless told. A laptop keeps none: there a request starts the first one. */
  readonly min?: number
  /** It never has more instances at a time; 10 unless told. */
  readonly max?: number
  /** The requests that one instance takes at a time; 50 unless told. */
  readonly concurrency?: number
  /** With so many requests at a time in each instance another one is started; the platform's 70 % unless told. */
  readonly target?: number
  /** When one instance is kept warm, however seldom it is called; it counts as idle meanwhile. */
  readonly warm?: readonly WarmWindow[]
}

/**
 * In Kubernetes' quantities, such as `250m` and `128Mi`. There is no limit for CPU: it would throttle the very start that a
 * request waits for, while what one asks for already decides who yields when a node is full.
 */
export interface Resources {
  readonly requests?: { readonly cpu?: string; readonly memory?: string }
  readonly limits?: { readonly memory?: string }
}

export interface Targets {
  /** false leaves it out of OpenFaaS, whose Community Edition runs 15 functions at most. */
  readonly openfaas?: boolean
}

/** How a contract's function runs, with its defaults resolved: what the renderers of clusters read. */
export interface ResolvedDeployment {
  readonly kind: 'endpoint' | 'subscriber'
  readonly name: string
  readonly timeoutMs: number
  readonly scale: { readonly min: number; readonly max: number; readonly concurrency: number; readonly target?: number }
  readonly resources: {
    readonly requests: { readonly cpu: string; readonly memory: string }
    readonly limits: { readonly memory: string }
  }
  readonly secrets: readonly string[]
  readonly egress: readonly string[]
  readonly openfaas: boolean
}

export const TIMEOUT_MS = 10_000
export const SCALE = { min: 0, max: 10, concurrency: 50 } as const
export const REQUESTS = { cpu: '50m', memory: '96Mi' } as const
export const LIMITS = { memory: '192Mi' } as const

export function describeDeployment(contract: AnyContract): ResolvedDeployment {
  const { kind, name, timeoutMs = TIMEOUT_MS, resources = {}, secrets = [], egress = [], targets = {} } = contract
  const { min = SCALE.min, max = SCALE.max, concurrency = SCALE.concurrency, target } = contract.scale ?? {}
  return {
    ...{ kind, name, timeoutMs, secrets, egress },
    scale: { min, max, concurrency, ...(target === undefined ? {} : { target }) },
    resources: { requests: { ...REQUESTS, ...resources.requests }, limits: { ...LIMITS, ...resources.limits } },
    openfaas: targets.openfaas ?? true,
  }
}
