/** What an upload may take: the gateway's limit for a whole body. */
const BODY_MS = 30_000
/** What the body of a function's answer may take at the relay; well under the 10 s by which a lease outlives a call. */
export const RESPONSE_MS = 5_000

interface Calls {
  readonly startTimeoutMs: number
  /** Whatever is called. */
  readonly contracts: readonly { readonly timeoutMs: number }[]
}

const longestCallMs = ({ startTimeoutMs, contracts }: Calls) =>
  startTimeoutMs + Math.max(0, ...contracts.map(({ timeoutMs }) => timeoutMs))

/** How long a relay that was told to end waits for the calls that it has made: for the slowest contract's. */
export const relayDrainMs = (calls: Calls): number => longestCallMs(calls) + RESPONSE_MS

/** The same for a gateway and the requests that have begun. */
export const gatewayDrainMs = (calls: Calls): number => BODY_MS + longestCallMs(calls)
