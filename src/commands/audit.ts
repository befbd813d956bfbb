import type { AdminOutput } from '../protocol/admin/admin-endpoint.ts'
import * as endpoints from '../protocol/admin/records.ts'
import { ADMIN_OPTIONS, type AdminOptions, callAdmin, printResult, table } from './admin-client.ts'
import { type Form, form } from './form.ts'
import { readTime } from './redrive.ts'

export const auditCommand: readonly Form[] = [
  form({
    description: 'List who changed what of keys, plans, events and issuers, the newest first.',
    options: {
      actor: { value: 'ACTOR', description: "Only changes by this one: admin, or 'login SUBJECT' for a caller's own." },
      action: { value: 'ACTION', description: 'Only this action, such as key.revoked, or all of key.' },
      tenant: { value: 'TENANT', description: 'Only changes of what is of this tenant.' },
      since: { value: 'TIME', read: readTime('--since'), description: 'Only changes from this time on.' },
      before: { value: 'ID', description: 'Only changes before this one: the page after the one that ends with it.' },
      limit: { value: 'N', description: 'At most this many, up to 1000. Default: 50.' },
      ...ADMIN_OPTIONS,
    },
    examples: ['audit --action key --since 2026-11-30', 'audit --tenant acme --json'],
    run: (project, options) => listAudit(project, options),
  }),
]

interface ListOptions extends AdminOptions {
  readonly actor?: string | undefined
  readonly action?: string | undefined
  readonly tenant?: string | undefined
  readonly since?: string | undefined
  readonly before?: string | undefined
  readonly limit?: string | undefined
}

type Listed = AdminOutput<typeof endpoints.listAudit>

async function listAudit(project: string, options: ListOptions) {
  const { actor, action, tenant, since, before, limit } = options
  const query = { actor, action, tenant, since, before, limit }
  printResult(await callAdmin(project, endpoints.listAudit, { query }, options), toLines, options)
}

function toLines({ entries, next }: Listed): readonly string[] {
  if (entries.length === 0) return ['No changes.']
  const rows = entries.map(({ at, actor, action, subject, tenant, detail }) => [
    ...[at, actor, action, subject, tenant ?? '-'],
    detail === null ? '' : JSON.stringify(detail),
  ])
  const more = next === undefined ? [] : [`There are more: --before ${next}`]
  return [...table([['TIME', 'ACTOR', 'ACTION', 'OF', 'TENANT', 'DETAIL'], ...rows]), ...more]
}
