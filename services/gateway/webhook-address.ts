import { isIP } from 'node:net'
import { Problem } from 'ebb/contract'
import { createPublicAddressCheck } from '../../src/data/http-client/guard/public-addresses.ts'

/**
 * Returns what throws a Problem 400 for an address of a webhook that can be seen to be none: where its host is a name, only the
 * relay can tell, at each connection. `also` are `address:port` that may be called although they are not public, and by plain HTTP.
 */
export function createWebhookAddressCheck(also: readonly string[]): (text: string) => void {
  const isPublic = createPublicAddressCheck()
  return (text) => {
    const url = URL.parse(text)
    if (!url || url.username || url.password || url.hash) throw refuse('Must be a URL without credentials and fragment')
    if (/^https?:$/.test(url.protocol) && also.includes(url.host)) return
    if (url.protocol !== 'https:' || url.port !== '') throw refuse('Must be an https address at port 443')
    const host = url.hostname.replace(/^\[|\]$/g, '')
    if (isIP(host) !== 0 ? !isPublic(host) : LOCAL.test(host)) throw refuse('Must be an address of the public internet')
  }
}

/** Names that stand for this machine or its network, wherever they are asked for. */
const LOCAL = /^([^.]+|.*\.(local|localhost|internal|svc|cluster\.local))\.?$/i

const refuse = (message: string) =>
  new Problem('invalid_request', 400, 'The request does not fit its contract; see details.', {
    details: [{ path: 'body.url', message }],
  })
