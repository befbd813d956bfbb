import { Problem } from '../../../contract/index.ts'

/** By which this gateway is named in Via: not by its host, which is nobody's business (RFC 9110, 7.6.3). */
const PSEUDONYM = 'ebb'
/** One Ebb may well stand before another; nobody has as many. */
const MAX_GATEWAYS = 8

/** The field Via of a message that goes on: what came, and that this gateway received it by `version`. */
export function addVia(via: string | readonly string[] | undefined, version = '1.1'): string {
  const own = `${version} ${PSEUDONYM}`
  return via === undefined ? own : `${via}, ${own}`
}

/** Refuses what has come through so many gateways of this name that it goes round. */
export function findLoop(via: readonly string[] | undefined): Problem | undefined {
  if (via === undefined) return undefined
  const passed = via
    .join()
    .split(',')
    .filter((one) => one.trim().split(/\s+/)[1] === PSEUDONYM).length
  return passed < MAX_GATEWAYS ? undefined : LOOP
}

const LOOP = new Problem('bad_gateway', 502, 'This request goes round: a proxy leads back to the gateway itself.')
