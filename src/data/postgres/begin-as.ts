import { isTenant } from '../../protocol/index.ts'

/**
 * The message that begins a transaction of this tenant: setting it costs no round trip. Only this first message can do it
 * (`ebb.enter_tenant` compares times), so that a handler's statement cannot.
 */
export function beginAs(tenant: string | undefined, begin: string): string {
  if (tenant === undefined) return begin
  // It becomes part of a statement.
  if (!isTenant(tenant)) throw new Error('the tenant of this caller is not 1 to 63 of letters, digits and . _ -')
  return `${begin}; select ebb.enter_tenant('${tenant}')`
}

/** The same message as a span shows it. */
export const hideTenant = (text: string): string => text.replace(/(; select ebb\.enter_tenant\()'[^']*'/, '$1?')

const INSUFFICIENT_PRIVILEGE = '42501'

/** Says what to do where a statement would write a row of another tenant. */
export function toTenantError(error: unknown): unknown {
  const { code, message } = Object(error) as { readonly code?: unknown; readonly message?: unknown }
  if (code !== INSUFFICIENT_PRIVILEGE || !String(message).includes('policy "ebb_tenant_')) return error
  const sentence =
    'a statement writes a row of another tenant than its caller: leave `tenant` out, whose default is the right one'
  return new Error(sentence, { cause: error })
}
