import type { AdminEndpoint, AdminOutput, AdminRequest } from '../../protocol/admin/admin-endpoint.ts'

/** The modules of the one list, by which the page knows each operation's request and reply. */
type Modules = typeof import('../../protocol/admin/cache.ts') &
  typeof import('../../protocol/admin/events.ts') &
  typeof import('../../protocol/admin/explain.ts') &
  typeof import('../../protocol/admin/gateway.ts') &
  typeof import('../../protocol/admin/issuers.ts') &
  typeof import('../../protocol/admin/keys.ts') &
  typeof import('../../protocol/admin/plans.ts') &
  typeof import('../../protocol/admin/records.ts') &
  typeof import('../../protocol/admin/schedules.ts') &
  typeof import('../../protocol/admin/send.ts') &
  typeof import('../../protocol/admin/session.ts') &
  typeof import('../../protocol/admin/requests.ts') &
  typeof import('../../protocol/admin/invocations.ts') &
  typeof import('../../protocol/admin/settings.ts') &
  typeof import('../../protocol/admin/alerts.ts')

type Operations = {
  [Export in keyof Modules as Modules[Export] extends { readonly name: infer Name extends string }
    ? Name
    : never]: Modules[Export] extends AdminEndpoint ? Modules[Export] : never
}

/** The name of an operation of the admin API, such as `keys.list`. */
export type OperationName = keyof Operations

/** What an operation is sent: its `params`, `query` and `body`. */
export type RequestOf<Name extends OperationName> = AdminRequest<Operations[Name]>

/** What an operation replies with. */
export type ReplyOf<Name extends OperationName> = AdminOutput<Operations[Name]>
