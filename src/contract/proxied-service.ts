/** An existing service as plain data: what the gateway reads. */
export interface ProxiedService {
  /** HEAD where GET is among them. */
  readonly methods: readonly string[]
  /** An origin, and what comes before each path, or ''. */
  readonly origin: string
  readonly prefix: string
  /** The begin of each request's path that the service does not get; '' where it gets all of it. */
  readonly stripped: string
  readonly preservesHost: boolean
  readonly forwardsCredentials: boolean
  readonly identity: 'signed' | 'plain' | 'none'
  /** Whether CORS is the service's own matter. */
  readonly ownsCors: boolean
  readonly setHeaders: Readonly<Record<string, string>>
  readonly removeHeaders: readonly string[]
  /** Whether responses are kept for as long as their own headers allow. */
  readonly cached: boolean
  /** Whether callers may ask for a new response by Cache-Control. */
  readonly reload?: true
}
