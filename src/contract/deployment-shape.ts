/**
 * What endpoints and subscribers say alike about how they run.
 * @example const deployment: Deployment = { timeoutMs: 5_000, secrets: ['STRIPE_KEY'], egress: ['api.stripe.com:443'] }
 */
export interface Deployment {
  /** How long a request may take in milliseconds, counted inside the function, from the request's headers to its response (default: 10 s, at most 10 min). */
  readonly timeoutMs?: number
  /** How many instances there may be, and when. */
  readonly scale?: Scaling
  /** What an instance gets on a cluster (default: 50m CPU and 96Mi, at most 192Mi). */
  readonly resources?: Resources
  /** The names of the secrets that it may read: UPPER_SNAKE, from the environment or `NAME_FILE`. */
  readonly secrets?: readonly string[]
  /**
   * The hosts that it calls besides the platform's own stores, each as `host:port`: a name or an IPv4 address; for a Service
   * in the cluster, the port of its pods; `*:443` is any public host. On Kubernetes it can call no other host; a laptop
   * restricts only what is called by `guarded`.
   */
  readonly egress?: readonly string[]
  /** The version of the contract (default: 1): raised when a change breaks callers. */
  readonly version?: string
  /** Where it does not run. */
  readonly targets?: Targets
}

/**
 * How many instances of a function there may be, and when.
 * @example const scale: Scaling = { max: 20, warm: [{ from: '08:00', to: '18:00', timeZone: 'Europe/Berlin' }] }
 */
export interface Scaling {
  /** The instances that a cluster keeps warm (default: 0). A laptop keeps none: there a request starts the first one. */
  readonly min?: number
  /** The most instances at a time (default: 10). */
  readonly max?: number
  /** The requests that one instance takes at a time (default: 50). */
  readonly concurrency?: number
  /** With more requests than this in each instance, another one is started (default: the platform's 70 %). */
  readonly target?: number
  /** When one instance is kept warm, however seldom it is called; it counts as idle meanwhile. */
  readonly warm?: readonly WarmWindow[]
}

/**
 * When one instance is kept warm: `from` to `to`, past midnight where `to` is the earlier one.
 * @example const window: WarmWindow = { from: '08:00', to: '18:00', days: ['mon', 'tue'], timeZone: 'Europe/Berlin' }
 */
export interface WarmWindow {
  /** When it begins, as `HH:MM`. */
  readonly from: string
  /** When it ends, as `HH:MM`, up to `24:00`. */
  readonly to: string
  /** The days on which it begins (default: all). */
  readonly days?: readonly Day[]
  /** The time zone by its IANA name, such as Europe/Berlin (default: UTC). */
  readonly timeZone?: string
}

/** A day of the week, as a window for warm instances names it. */
export type Day = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun'

/**
 * What an instance gets, in Kubernetes' quantities, such as `250m` and `128Mi`. There is no limit for CPU: it would throttle the very start that a
 * request waits for, while what one asks for already decides who yields when a node is full.
 * @example const resources: Resources = { requests: { cpu: '100m', memory: '128Mi' }, limits: { memory: '256Mi' } }
 */
export interface Resources {
  /** What a node must have free for it. */
  readonly requests?: { readonly cpu?: string; readonly memory?: string }
  /** With more memory than this it is killed. */
  readonly limits?: { readonly memory?: string }
}

/**
 * The platforms that leave a function out.
 * @example const targets: Targets = { openfaas: false }
 */
export interface Targets {
  /** false leaves it out of OpenFaaS, whose Community Edition runs 15 functions at most. */
  readonly openfaas?: boolean
}
