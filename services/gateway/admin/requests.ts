import { followRequests, listRequests, showTraffic } from '../../../src/protocol/admin/requests.ts'
import type { RecentRequests } from '../requests/recent-requests.ts'
import type { CountedTraffic } from '../requests/traffic.ts'
import { type AdminOperation, operation } from './operation.ts'

export interface RequestsOptions {
  readonly requests: Pick<RecentRequests, 'list' | 'follow'>
  readonly traffic: Pick<CountedTraffic, 'show'>
}

export const requestsOperations = ({ requests, traffic }: RequestsOptions): readonly AdminOperation[] => [
  operation(listRequests, ({ query }) => requests.list(query)),
  operation(
    followRequests,
    ({ query }) =>
      (send) =>
        requests.follow(query, send),
  ),
  operation(showTraffic, () => traffic.show()),
]
