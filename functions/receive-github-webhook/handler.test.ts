import { createRequire } from 'node:module'
import { describe, expect, it } from '@jest/globals'
import type { WebhookDefinition } from '@octokit/webhooks-examples'
import type { IssuesEvent, PushEvent } from '@octokit/webhooks-types'
import { testFunction } from 'ebb/testing'
import type * as z from 'zod'
import type { Issues, Push } from './contract.ts'
import receiveGithubWebhook from './handler.ts'

const examples: readonly WebhookDefinition[] = createRequire(import.meta.url)('@octokit/webhooks-examples')
const fn = testFunction(receiveGithubWebhook)

// What GitHub publishes of the events fits what is read of them.
const _push = (event: PushEvent): z.input<typeof Push> => event
const _issues = (event: IssuesEvent): z.input<typeof Issues> => event

const examplesOf = (name: string) => examples.find((event) => event.name === name)?.examples ?? []
const emitted = (type: string) =>
  fn.query<{ payload: object }>('select payload from ebb.outbox where type = $1', [type])

describe('receive-github-webhook', () => {
  it('204 takes every published example of the events that it names', async () => {
    const deliveries = ['ping', 'push', 'issues'].flatMap((event) =>
      examplesOf(event).map((payload) => ({ event, payload })),
    )
    expect(deliveries.length).toBeGreaterThan(30)
    for (const delivery of deliveries) expect([delivery, (await fn.receive(delivery)).status]).toEqual([delivery, 204])
  })

  it('204 emits what was pushed, once for a webhook that is delivered twice', async () => {
    const before = (await emitted('code.pushed')).length
    const [example] = examplesOf('push')
    const payload = { ...example, ref: 'refs/heads/next', commits: [{ id: 'c1' }, { id: 'c2' }] }
    const webhook = { event: 'push', payload, id: 'again' }
    expect([(await fn.receive(webhook)).status, (await fn.receive(webhook)).status]).toEqual([204, 204])
    const after = await emitted('code.pushed')
    expect(after.length).toBe(before + 1)
    expect(after.at(-1)?.payload).toMatchObject({ ref: 'refs/heads/next', commits: ['c1', 'c2'] })
  })

  it('204 emits only issues that were opened', async () => {
    const before = (await emitted('issue.opened')).length
    const issues = examplesOf('issues').filter((payload) => 'action' in payload)
    for (const payload of issues) await fn.receive({ event: 'issues', payload })
    const opened = issues.filter((payload) => payload.action === 'opened')
    expect((await emitted('issue.opened')).length - before).toBe(opened.length)
  })

  it('400 for a payload of another event', async () => {
    expect((await fn.receive({ event: 'push', payload: examplesOf('ping')[0] })).status).toBe(400)
  })
})
