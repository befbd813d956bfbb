import { randomBytes } from 'node:crypto'
import { hostname } from 'node:os'
import type { EndedRequest } from 'ebb/http/gateway'
import { createRecentRequests } from './recent-requests.ts'
import { countTraffic } from './traffic.ts'

/** Keeps and counts the requests of this process, under a name that no other one has. */
export function observeRequests() {
  const gateway = `${hostname()}-${randomBytes(2).toString('hex')}`
  const requests = createRecentRequests(gateway)
  const traffic = countTraffic(gateway)
  return {
    keep: (request: EndedRequest) => {
      requests.keep(request)
      traffic.count(request)
    },
    views: { gateway, requests, traffic },
  }
}
