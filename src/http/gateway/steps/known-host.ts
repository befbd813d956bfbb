import { isIP } from 'node:net'
import { Problem } from '../../../contract/index.ts'
import type { Step } from '../pipeline.ts'

/** Answers to its own names only, where they are known. */
export function knownHost(hosts: readonly string[]): Step {
  const isOurs = createHostCheck(hosts)
  return function knownHost({ headers, responseHeaders }) {
    const host = headers.host?.[0]
    if (isOurs(host)) return undefined
    delete responseHeaders['access-control-allow-origin']
    return new Problem('forbidden', 403, unknownHostMessage(host))
  }
}

/**
 * Whether a Host header names us. An address always does, and so do localhost and what lies below it: no page can make its
 * own name lead there. Any other name does only where it is listed, since its owner may have turned it to this machine
 * (DNS rebinding). Whoever sends no Host is no browser.
 */
export function createHostCheck(hosts: readonly string[]): (host: string | undefined) => boolean {
  const listed = new Set(hosts.map((name) => name.toLowerCase()))
  return (host) => {
    if (host === undefined || listed.has('*')) return true
    const name = host.toLowerCase().replace(/:\d*$/, '')
    return /^(.+\.)?localhost$/.test(name) || isIP(name.replace(/^\[|\]$/g, '')) !== 0 || listed.has(name)
  }
}

/** What to do about a name that is not listed. */
export const unknownHostMessage = (host: string | undefined) =>
  `${host} is no name of this server; where it should be one, list it in EBB_HOSTS.`
