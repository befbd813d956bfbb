import { access } from './cases/access.ts'
import { ambiguous } from './cases/ambiguous.ts'
import { asyncCalls } from './cases/async-calls.ts'
import { caching } from './cases/caching.ts'
import { deadlines } from './cases/deadlines.ts'
import { documents } from './cases/documents.ts'
import { drain } from './cases/drain.ts'
import { errors } from './cases/errors.ts'
import { events } from './cases/events.ts'
import { headers } from './cases/headers.ts'
import { idempotency } from './cases/idempotency.ts'
import { internalCalls } from './cases/internal-calls.ts'
import { limits } from './cases/limits.ts'
import { ownCalls } from './cases/own-calls.ts'
import { ownWrites } from './cases/own-writes.ts'
import { streams } from './cases/streams.ts'
import { tools } from './cases/tools.ts'
import { webhooksIn } from './cases/webhooks-in.ts'
import type { Case } from './session.ts'

/** All of them. The ones that wait come first, so that the others fill the time. */
export const CASES: readonly Case[] = [
  ...[...deadlines, ...asyncCalls, ...ownCalls, ...events, ...idempotency, ...limits, ...drain],
  ...[...headers, ...access, ...errors, ...ambiguous, ...documents, ...ownWrites, ...tools, ...streams, ...caching],
  ...internalCalls,
  ...webhooksIn,
]
