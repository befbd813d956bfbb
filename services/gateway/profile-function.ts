import { Problem } from 'ebb/contract'
import type { GatewayDependencies } from 'ebb/http/gateway'
import {
  PROFILE_PATH,
  type ProfileRequest,
  profilerFor,
  type RecordedProfile,
} from '../../src/protocol/profiles/profile.ts'
import { readAtMost } from '../../src/protocol/read-at-most.ts'

/** More than half a minute of a busy process has. */
const MAX_BYTES = 64 * 1024 * 1024

/** Profiles an instance of a function, whichever gets the request. Rejects with a Problem. */
export type ProfileFunction = (name: string, asked: ProfileRequest, actor: string) => Promise<RecordedProfile>

export const createProfiler =
  ({ upstream, sign }: Pick<GatewayDependencies, 'upstream' | 'sign'>): ProfileFunction =>
  async (name, { kind, seconds }, actor) => {
    const { origin, prefix } = upstream.locate(name)
    const waitMs = upstream.startTimeoutMs + seconds * 2_000
    const identity = await sign(profilerFor(actor), name, { waitMs })
    const { statusCode, body } = await upstream.dispatcher
      .request({
        ...{ origin, path: `${prefix}${PROFILE_PATH}?kind=${kind}&seconds=${seconds}`, method: 'POST' },
        headers: { 'ebb-identity': identity, 'ebb-timeout-ms': String(waitMs) },
        ...{ headersTimeout: waitMs, bodyTimeout: waitMs, signal: AbortSignal.timeout(2 * waitMs) },
      })
      .catch((cause: unknown) => {
        throw new Problem('unavailable', 503, `The function ${name} cannot be reached.`, {
          cause,
          retryAfterSeconds: 2,
        })
      })
    const { bytes, isWhole, error } = await readAtMost(body, MAX_BYTES)
    if (statusCode === 200 && isWhole) return JSON.parse(Buffer.from(bytes).toString()) as RecordedProfile
    if (statusCode === 404) throw OFF
    if (statusCode === 409) throw RUNNING
    throw new Problem('bad_gateway', 502, `The function ${name} answered ${statusCode} in place of a profile.`, {
      cause: error,
    })
  }

const OFF = new Problem(
  'profiles_off',
  409,
  'This function takes no profiles: set EBB_PROFILES=true in its environment.',
)
const RUNNING = new Problem(
  'profile_running',
  409,
  'An instance is being profiled already; ask again when that is over.',
)
