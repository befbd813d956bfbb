import type { WebhookEvent } from '../../contract/index.ts'
import type { ContractsData } from '../contracts-data.ts'
import { breaks, type Change, type Finding } from './finding.ts'

/** What changed events mean to the customers who have them sent to addresses of their own. */
export const webhookFindings = ({ webhookEvents = [] }: ContractsData, after: ContractsData): readonly Finding[] =>
  webhookEvents.flatMap((old) => {
    const now = after.webhookEvents?.find(({ type }) => type === old.type)
    const changes = now ? webhookChanges(old, now) : [breaks('readers', 'customers get it by webhook no more')]
    return changes.map((change) => ({ where: `events/${old.type}`, ...change }))
  })

function webhookChanges(before: WebhookEvent, after: WebhookEvent): readonly Change[] {
  const added = after.scopes.filter((scope) => !before.scopes.includes(scope))
  return [
    ...(before.owner === after.owner
      ? []
      : [breaks('readers', `webhooks go to ${ownersOf(after)} now, and went to ${ownersOf(before)}`)]),
    ...(added.length > 0 ? [breaks('callers', `whoever subscribes to it needs ${added.join(' and ')} now`)] : []),
  ]
}

const ownersOf = ({ owner }: WebhookEvent) =>
  owner === undefined ? 'its whole tenant' : `the \`${owner}\` of its data`
