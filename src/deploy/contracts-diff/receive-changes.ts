import type { Route } from '../../contract/index.ts'
import type { ContractsData } from '../contracts-data.ts'
import { breaks, type Change, type Finding } from './finding.ts'

/** What changed addresses of webhooks mean to their providers, who are told of an address by hand. */
export const receiveFindings = ({ receivers = [] }: ContractsData, after: ContractsData): readonly Finding[] =>
  receivers.flatMap((old) => {
    const now =
      after.receivers?.find(({ name }) => name === old.name) ?? after.receivers?.find(({ path }) => path === old.path)
    const where = `functions/${(now ?? old).name}`
    if (!now) return [{ where, ...breaks('callers', `${old.path} takes no webhooks any more`) }]
    return receiverChanges(old, now).map((change) => ({ where, ...change }))
  })

function receiverChanges(before: Route, after: Route): readonly Change[] {
  const [was, is] = [before, after].map(({ webhook }) => JSON.stringify(webhook?.provider))
  const gone = before.webhook?.events.filter((event) => !after.webhook?.events.includes(event)) ?? []
  return [
    ...(before.path === after.path ? [] : [breaks('callers', `the path is ${after.path} now, and was ${before.path}`)]),
    ...(was === is ? [] : [breaks('callers', 'webhooks are signed otherwise now, and those of before are refused')]),
    ...(gone.length > 0 ? [breaks('callers', `${gone.join(', ')} is not taken any more`)] : []),
    ...(after.maxBodyBytes < before.maxBodyBytes
      ? [breaks('callers', `a body has at most ${after.maxBodyBytes} bytes now, and had ${before.maxBodyBytes}`)]
      : []),
  ]
}
