import type { EndpointData, ReplyData } from '../contracts-data.ts'
import { findIncompatibilities } from './find-incompatibilities.ts'
import { breaks, type Change, describeToReaders, toChanges } from './finding.ts'
import { nodeOf } from './schema-node.ts'

/** What changed replies mean to those who read them: a single one is compared with a single one, several by their status. */
export function replyChanges(before: EndpointData, after: EndpointData): readonly Change[] {
  const [old, now] = [before.replies, after.replies]
  const [one, other] = [old[0], now[0]]
  if (one && other && old.length === 1 && now.length === 1 && one.status !== other.status)
    return [
      breaks('readers', `the status is ${other.status} now, and was ${one.status}`),
      ...compareReplies(one, other, ''),
    ]
  const prefixed = old.length > 1 || now.length > 1
  return [
    ...now.flatMap(({ status }) => (find(old, status) ? [] : [breaks('readers', `the status may be ${status} now`)])),
    ...old.flatMap((reply) => {
      const same = find(now, reply.status)
      if (!same) return [breaks('readers', `the status is never ${reply.status} any more`)]
      return compareReplies(reply, same, prefixed ? `${reply.status}: ` : '')
    }),
  ]
}

const find = (replies: readonly ReplyData[], status: number) => replies.find((reply) => reply.status === status)

function compareReplies(before: ReplyData, after: ReplyData, prefix: string): readonly Change[] {
  const changes: Change[] = []
  const leads = ({ location, locations }: ReplyData) => location !== undefined || locations !== undefined
  if (leads(before) && !leads(after)) changes.push(breaks('readers', `${prefix}the header Location is gone`))
  const added = after.locations?.filter((location) => before.locations && !before.locations.includes(location)) ?? []
  if (added.length > 0) changes.push(breaks('readers', `${prefix}it may lead to ${added.join(' and ')} now`))
  for (const name of before.cookies.filter((name) => !after.cookies.includes(name)))
    changes.push(breaks('readers', `${prefix}the cookie ${name} is not set any more`))
  for (const part of ['data', 'headers'] as const) {
    const [old, now] = [before[part], after[part]]
    if (old && !now) changes.push(breaks('readers', `${prefix}${part === 'data' ? 'data is' : 'headers are'} gone`))
    if (!old || !now) continue
    const found = findIncompatibilities([nodeOf(now)], [nodeOf(old)], { path: `${prefix}${part}`, reader: true })
    changes.push(...toChanges(found, describeToReaders, 'readers'))
  }
  return changes
}
