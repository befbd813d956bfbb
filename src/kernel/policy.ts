/**
 * Whom a policy decides about: the caller as gateway or relay vouch for it, or anybody else whom a handler names.
 * @example const ada: PolicyCaller = { sub: 'ada', roles: ['customer'], tenant: 'acme' }
 */
export interface PolicyCaller {
  /** The subject. */
  readonly sub: string
  /** Default: none. */
  readonly roles?: readonly string[]
  /** Default: none. */
  readonly scopes?: readonly string[]
  /** Default: the caller is of no tenant. */
  readonly tenant?: string
  /** The application that the caller has logged in with. */
  readonly client?: string
}

/**
 * What a caller wants to do something with: one thing under the name of its type, `{ order }`, whose properties are its
 * attributes; or a type by itself, `'order'`, where there is no one thing, as for a list.
 * @example const objects: PolicyObject[] = ['order', { order: { id: '17', owner: 'ada', cents: 1700 } }]
 */
export type PolicyObject = string | { readonly [type: string]: object }

/**
 * The policy of a project, bound to one request.
 * @example
 * const readable = async (policy: Policy, orders: readonly object[]) =>
 *   (await Promise.all(orders.map((order) => policy.allows('read', { order })))).filter((isAllowed) => isAllowed).length
 */
export interface Policy {
  /**
   * Whether the policy allows the caller, or whom `as` names, to do this with the object: false where no line of it does.
   * Rejects where there is no decision, as for an action that the policy does not declare; a caller then gets a 500 or 503.
   */
  allows(action: string, object: PolicyObject, options?: { readonly as?: PolicyCaller }): Promise<boolean>
}

/** What is asked of a policy. */
export interface PolicyQuestion {
  readonly caller: PolicyCaller
  readonly action: string
  readonly type: string
  /** The object's attributes; undefined where the question is about the type. */
  readonly attributes: Readonly<Record<string, unknown>> | undefined
}

export interface PolicyDecision {
  readonly allowed: boolean
  /** What decided, such as `domain/policy/policy.csv:4`: for logs and traces, never for callers. */
  readonly reason: string
}
