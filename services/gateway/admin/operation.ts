import type { IncomingMessage } from 'node:http'
import type { AdminEndpoint, AdminInput, AdminOutput } from '../../../src/protocol/admin/admin-endpoint.ts'

/** Who asks, and how what it changes is recorded. */
export interface OperationContext {
  /** For the audit. */
  readonly actor: string
  readonly request: Pick<IncomingMessage, 'headers'>
  /** Who asks, also where nobody needs to be known; undefined for nobody. Rejects where their token lacks the scope. */
  readonly identify: () => Promise<string | undefined>
  /** Of the response. */
  readonly setHeader: (name: string, value: string) => void
  /**
   * Records this change in a transaction of its own, which tells all gateways of it where there is something to tell: for
   * what is changed outside the database. Rejects while the row cannot be written, and then nothing may change.
   */
  readonly audit: (change: AuditedChange) => Promise<void>
}

interface AuditedChange {
  readonly subject: string
  readonly detail?: Readonly<Record<string, unknown>>
  readonly notify?: { readonly channel: string; readonly payload: string }
}

/** An endpoint of the admin API with what it does. */
export interface AdminOperation {
  readonly endpoint: AdminEndpoint
  readonly run: (input: AdminInput<AdminEndpoint>, context: OperationContext) => unknown
}

/** Says what an endpoint of the admin API does. */
export const operation = <E extends AdminEndpoint>(
  endpoint: E,
  run: (input: AdminInput<E>, context: OperationContext) => AdminOutput<E> | Promise<AdminOutput<E>>,
): AdminOperation =>
  // The input was parsed by the schemas of this very endpoint.
  ({ endpoint, run: run as AdminOperation['run'] })
