import type { AdminOutput, AdminRequest } from '../../protocol/admin/admin-endpoint.ts'
import type { AdminEndpoints } from '../../protocol/admin/index.ts'

/** The name of an operation of the admin API, such as `keys.list`. */
export type OperationName = keyof AdminEndpoints

/** What an operation is sent: its `params`, `query` and `body`. */
export type RequestOf<Name extends OperationName> = AdminRequest<AdminEndpoints[Name]>

/** What an operation replies with. */
export type ReplyOf<Name extends OperationName> = AdminOutput<AdminEndpoints[Name]>
