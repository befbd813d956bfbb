import type { PingEvent } from '@octokit/webhooks-types'
import { payload, receive } from 'ebb/contract'
import * as z from 'zod'
import { codePushed, issueOpened } from '../../domain/repository.ts'

const repository = z.object({ full_name: z.string() })

/** What is read of a push. */
export const Push = z.object({
  ref: z.string(),
  repository,
  pusher: z.object({ name: z.string() }),
  commits: z.array(z.object({ id: z.string() })),
})

/** What is read of anything that happens to an issue. */
export const Issues = z.object({
  action: z.string(),
  repository,
  issue: z.object({ number: z.int(), title: z.string(), html_url: z.url() }),
})

export default receive({
  name: 'receive-github-webhook',
  summary: 'Take what GitHub says of our repositories.',
  path: '/v1/receive/github',
  provider: 'github',
  signedBy: ['GITHUB_WEBHOOK_SECRET'],
  events: { ping: payload<PingEvent>(), push: Push, issues: Issues },
  emits: { 'code.pushed': codePushed, 'issue.opened': issueOpened },
  maxBodyBytes: 4 * 1024 * 1024,
  timeoutMs: 5_000,
  scale: { max: 2 },
})
