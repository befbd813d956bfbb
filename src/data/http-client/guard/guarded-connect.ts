import { type LookupAddress, lookup as resolve } from 'node:dns'
import { isIP, type LookupFunction } from 'node:net'
import { buildConnector } from 'undici'
import { NOT_ALLOWED } from '../response.ts'
import { createPublicAddressCheck } from './public-addresses.ts'

/** Whom a guarded client may call. */
export interface GuardRules {
  /** The `egress` of the contract: `host:port`, where the host `*` is any public one. */
  readonly egress: readonly string[]
  /** `address:port` that are called although they are not public. */
  readonly also: readonly string[]
}

type Resolve = (
  hostname: string,
  options: { readonly all: true },
  callback: (error: NodeJS.ErrnoException | null, addresses: LookupAddress[]) => void,
) => void

/** Why nothing was called; for the log, since it may say what a name inside the network stands for. */
export class NotAllowedError extends Error {
  readonly code = NOT_ALLOWED
}

/**
 * Connects as undici does, but only to addresses that the rules allow. A name is resolved once for each connection: where one
 * of its addresses is not allowed it is refused as a whole, and what was checked is what is connected to, so that another
 * answer a moment later changes nothing. TLS and Host keep the name.
 */
export function createGuardedConnect(rules: GuardRules, lookup: Resolve = resolve): buildConnector.connector {
  const isPublic = createPublicAddressCheck()
  const also = new Set(rules.also)
  const egress = new Set(rules.egress)
  const isAllowed = (address: string, { host, port }: Target) =>
    also.has(joinPort(address, port)) ||
    (isPublic(address) && (egress.has(`*:${port}`) || egress.has(`${host}:${port}`)))

  /** In the form that net.connect takes; it calls no other resolver. */
  const checkedLookup =
    (target: Target): LookupFunction =>
    (hostname, options, callback) =>
      lookup(hostname, { all: true }, (error, addresses) => {
        const refused = addresses?.find(({ address }) => !isAllowed(address, target))
        const [first] = addresses ?? []
        if (error || refused || !first) {
          callback(error ?? new NotAllowedError(`${hostname} is ${refused?.address ?? 'nowhere'}`), '')
        } else if (options.all) callback(null, addresses)
        else callback(null, first.address, first.family)
      })

  return (options, callback) => {
    const { hostname, protocol, port: given } = options
    const host = hostname.replace(/^\[|\]$/g, '')
    const target = {
      host: host.toLowerCase().replace(/\.$/, ''),
      port: Number(given) || (protocol === 'https:' ? 443 : 80),
    }
    if (isIP(host) !== 0 && !isAllowed(host, target)) {
      return callback(new NotAllowedError(`${joinPort(host, target.port)} is not allowed`), null)
    }
    // HTTP/2 would let the other side keep many streams open at once.
    buildConnector({ lookup: checkedLookup(target), allowH2: false, maxCachedSessions: 0 })(options, callback)
  }
}

interface Target {
  readonly host: string
  readonly port: number
}

/** As `also` is written: `127.0.0.1:4010`, `[::1]:4010`. */
const joinPort = (address: string, port: number) => `${isIP(address) === 6 ? `[${address}]` : address}:${port}`
