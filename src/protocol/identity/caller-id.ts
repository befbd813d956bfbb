import type { Identity } from './identity.ts'

/** Neither a subject nor a tenant holds a control character, so that no two callers have one id. */
const SEPARATOR = '\u001f'

/**
 * The one text under which idempotency keys, limits, asynchronous calls and caches keep what is a caller's: the subject,
 * within its tenant where it has one.
 */
export const callerIdOf = ({ sub, tenant }: Pick<Identity, 'sub' | 'tenant'>): string =>
  tenant === undefined ? sub : `${tenant}${SEPARATOR}${sub}`
