import type * as z from 'zod'

/** Everything that a contract may say about one endpoint. Plain data: no I/O, no framework. */
export interface EndpointShape extends Deployment {
  /** The name of its folder, image and service: a DNS label of at most 40 characters. */
  readonly name: string
  /** What it does, in one sentence. */
  readonly summary: string
  readonly description?: string
  readonly method: Method
  /** Segments and `{parameters}`, case-sensitive, without a trailing slash. */
  readonly path: `/${string}`
  /** One property for each `{parameter}` of the path. */
  readonly params?: z.ZodObject
  readonly query?: z.ZodObject
  /** Names in lower case. Headers that are not named here are neither checked nor passed to the handler. */
  readonly headers?: z.ZodObject
  readonly body?: z.ZodType
  readonly reply: Reply
  /** Each way in which the handler may refuse: its code, in lower_snake, and its status (400 to 599). */
  readonly failures?: Readonly<Record<string, number>>
  readonly access: Access
  /**
   * What each caller (where anonymous: each client address) may send: `requests` in `perSeconds` on average, and `burst` at
   * once (default: `requests`). Beyond it the gateway answers 429.
   */
  readonly limit?: { readonly requests: number; readonly perSeconds: number; readonly burst?: number }
  /** Callers must send an Idempotency-Key; a repeated one gets the first response. */
  readonly idempotent?: true
  /**
   * Callers may send `Prefer: respond-async` (RFC 7240): they get a 202 and the address of the outcome. The function is
   * called later, and again where it fails, and takes effect once.
   */
  readonly async?: true
  /** Marks a POST that only reads. */
  readonly reads?: true
  /** The events that the handler may emit, by type. */
  readonly emits?: Emits
  readonly examples?: Readonly<Record<string, Example>>
}

export type Method = 'GET' | 'POST' | 'PUT' | 'PATCH' | 'DELETE'

/** The response of success. `location` is a template over the body's properties, such as `/v1/orders/{id}`. */
export interface Reply {
  /** 200 to 299; a 204 has no body, any other has one. */
  readonly status: number
  readonly body?: z.ZodType
  readonly location?: `/${string}`
}

/** Who may call. `{}` is any authenticated caller. */
export interface Access {
  /** The caller needs every one of these. */
  readonly scopes?: readonly string[]
  /** The owner may call too, without the scopes: the handler says with `own(subject)` who that is. */
  readonly owner?: true
  /** Anyone may call, without a key. */
  readonly anonymous?: true
}

/** Values for documentation, the mock server and `ebb invoke`. `body` and `reply` are checked against their schemas. */
export interface Example {
  readonly params?: Readonly<Record<string, unknown>>
  readonly query?: Readonly<Record<string, unknown>>
  readonly body?: unknown
  readonly reply?: unknown
}

export type EndpointContract<C extends EndpointShape = EndpointShape> = C & { readonly kind: 'endpoint' }

/** Everything that a contract may say about a function that the relay calls with each event of one type. */
export interface SubscriberShape extends Deployment {
  /** The name of its folder, image and service: a DNS label of at most 40 characters. */
  readonly name: string
  /** What it does, in one sentence. */
  readonly summary: string
  readonly description?: string
  readonly on: EventContract
  readonly retry?: Retry
  /** The events that the handler may emit, by type. */
  readonly emits?: Emits
  /** Each way in which the handler may refuse: a 4xx is final, while 408, 425, 429 and 5xx are retried. */
  readonly failures?: Readonly<Record<string, number>>
}

/** Exponential back-off with full jitter between attempts. */
export interface Retry {
  /** Deliveries in all before the event goes to the dead letters, 1 to 100 (default: 10). */
  readonly attempts?: number
  /** The ceiling of the first delay (default: 1 s). */
  readonly minDelayMs?: number
  /** The ceiling of every delay (default: 5 min). */
  readonly maxDelayMs?: number
}

export type SubscriberContract<C extends SubscriberShape = SubscriberShape> = C & { readonly kind: 'subscriber' }

/** A contract of either kind. */
export type AnyContract = EndpointContract | SubscriberContract

/** A fact that functions share. */
export interface EventShape {
  /** Past tense, dotted, such as `user.created`: the CloudEvents `type`. */
  readonly type: string
  readonly data: z.ZodType
  readonly summary?: string
}

/** An event that is declared once under domain/, and named by the `emits` and `on` of contracts. */
export type EventContract<E extends EventShape = EventShape> = E & { readonly kind: 'event' }

/** The value of an `emits` entry: the event's schema, or an `event()` of the same type. */
export type Emitted = z.ZodType | EventContract
export type Emits = Readonly<Record<string, Emitted>>

/** How a function runs: what endpoints and subscribers say alike. */
export interface Deployment {
  /** Counted inside the function, from the request's headers to its response (default: 10 s, at most 10 min). */
  readonly timeoutMs?: number
  readonly scale?: Scaling
  /** What an instance gets on a cluster (default: 50m CPU and 96Mi, at most 192Mi). */
  readonly resources?: Resources
  /** The names of the secrets that it may read: UPPER_SNAKE, from the environment or `NAME_FILE`. */
  readonly secrets?: readonly string[]
  /**
   * The hosts that it calls besides the platform's own stores, each as `host:port`: a name or an IPv4 address; for a Service
   * in the cluster, the port of its pods. On Kubernetes it can call no other host; a laptop does not restrict it.
   */
  readonly egress?: readonly string[]
  /** Raised when a change breaks callers. */
  readonly version?: string
  readonly targets?: Targets
}

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

/** When one instance is kept warm: `from` to `to`, past midnight where `to` is the earlier one. */
export interface WarmWindow {
  /** `HH:MM`. */
  readonly from: string
  /** `HH:MM`, up to `24:00`. */
  readonly to: string
  /** The days on which it begins (default: all). */
  readonly days?: readonly Day[]
  /** Of the IANA database, such as Europe/Berlin (default: UTC). */
  readonly timeZone?: string
}

export type Day = 'mon' | 'tue' | 'wed' | 'thu' | 'fri' | 'sat' | 'sun'

/**
 * In Kubernetes' quantities, such as `250m` and `128Mi`. There is no limit for CPU: it would throttle the very start that a
 * request waits for, while the requested CPU already decides which pod yields when a node is full.
 */
export interface Resources {
  readonly requests?: { readonly cpu?: string; readonly memory?: string }
  readonly limits?: { readonly memory?: string }
}

export interface Targets {
  /** false leaves it out of OpenFaaS, whose Community Edition runs 15 functions at most. */
  readonly openfaas?: boolean
}
