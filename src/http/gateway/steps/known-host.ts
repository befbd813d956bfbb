import { isIP } from 'node:net'
import { Problem } from '../../../contract/index.ts'
import type { Step } from '../context.ts'
import { byRunning } from '../explanation.ts'

/** Refuses requests for a host name that is not this server's (403). */
export function knownHost(hosts: readonly string[]): Step {
  const isKnown = createHostCheck(hosts)
  const step: Step = function knownHost({ headers, responseHeaders }) {
    const host = headers.host?.[0]
    if (isKnown(host)) return undefined
    delete responseHeaders['access-control-allow-origin']
    return new Problem('forbidden', 403, unknownHostMessage(host))
  }
  return byRunning(step, ({ headers }) => `${headers.host?.[0] ?? 'A request without a host'} names this gateway.`)
}

/**
 * Returns a check whether a Host header names this server. An address always does, and so do localhost and its subdomains:
 * no page can make its own name resolve to these. Any other name has to be listed, since its owner may have pointed it at
 * this machine (DNS rebinding). A request without Host does not come from a browser.
 */
export function createHostCheck(hosts: readonly string[]): (host: string | undefined) => boolean {
  const names = new Set(hosts.map((host) => host.toLowerCase()))
  return (host) => {
    if (host === undefined || names.has('*')) return true
    const name = host.toLowerCase().replace(/:\d*$/, '')
    return /^(.+\.)?localhost$/.test(name) || isIP(name.replace(/^\[|\]$/g, '')) !== 0 || names.has(name)
  }
}

/** What to do about a host name that is not listed. */
export const unknownHostMessage = (host: string | undefined) =>
  `Unknown host ${host}; to allow it, add it to EBB_HOSTS.`
