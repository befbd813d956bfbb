import type { Route } from '../../contract/index.ts'
import type { ContractsData } from '../contracts-data.ts'
import { accessChanges, limitNotes } from './endpoint-changes.ts'
import { breaks, type Change, type Finding } from './finding.ts'

/** What changed proxies mean to their callers. What a service itself answers, no contract says. */
export const proxyFindings = (before: ContractsData, after: ContractsData): readonly Finding[] =>
  before.proxies.flatMap((old) => {
    const now =
      after.proxies.find(({ name }) => name === old.name) ?? after.proxies.find(({ path }) => path === old.path)
    const where = `functions/${(now ?? old).name}`
    if (!now) return [{ where, ...breaks('callers', `${old.path} is passed on no more`) }]
    return proxyChanges(old, now).map((change) => ({ where, ...change }))
  })

function proxyChanges(before: Route, after: Route): readonly Change[] {
  const gone = before.upstream?.methods.filter((method) => !after.upstream?.methods.includes(method)) ?? []
  return [
    ...(before.path === after.path ? [] : [breaks('callers', `the path is ${after.path} now, and was ${before.path}`)]),
    ...(gone.length > 0 ? [breaks('callers', `${gone.join(', ')} is passed on no more`)] : []),
    ...accessChanges(before, after),
    ...(after.tenancy && !before.tenancy ? [breaks('callers', 'callers without a tenant are refused now')] : []),
    ...(after.maxBodyBytes < before.maxBodyBytes
      ? [breaks('callers', `a body has at most ${after.maxBodyBytes} bytes now, and had ${before.maxBodyBytes}`)]
      : []),
    ...limitNotes(before, after),
  ]
}
