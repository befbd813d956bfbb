/** What the objects of the cluster say of a canary: all that is needed to go on, or back, by a later run. */
export interface ClusterCanary {
  readonly image: string
  /** The image before it. */
  readonly stable: string
}

/** What brings a new revision beside the old one, and in its place, by what the engine has for that. */
export interface Mover {
  readonly engine: 'knative' | 'kubernetes'
  /** The canary of a function; undefined where there is none. */
  readonly find: (name: string) => Promise<ClusterCanary | undefined>
  /** Starts the image beside the function, as `canary-NAME`, and waits until it is ready. Nobody is sent to it. */
  readonly start: (name: string, image: string) => Promise<void>
  /** Puts the new revision in the place of the old one, and waits for that; it still answers as `canary-NAME`. */
  readonly promote: (name: string) => Promise<void>
  /** Takes `canary-NAME` away, once nobody is sent there any more; after `promote` the new revision stays. */
  readonly end: (name: string) => Promise<void>
}

/** On an object that belongs to a canary: a {@link ClusterCanary}, as JSON. */
export const CANARY_ANNOTATION = 'ebb.dev/canary'
/** The same, within the path of a patch (RFC 6901). */
export const CANARY_PATH = '/metadata/annotations/ebb.dev~1canary'
