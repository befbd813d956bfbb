import type { Invocations } from '../../http/gateway/index.ts'
import type { InvocationState, NewInvocation } from '../../kernel/index.ts'
import type { KeptAnswers } from './kept-answers.ts'
import type { MockAnswers } from './mock-answers.ts'

const MOST = 1_000

/** Asynchronous calls of a mock: each is made at once, and its state is remembered, of the latest thousand. */
export function mockInvocations(answers: ReadonlyMap<string, MockAnswers>, kept: KeptAnswers): Invocations {
  const states = new Map<string, { readonly sub: string; readonly state: InvocationState }>()
  return {
    accept: async (invocation, { claim, answer }) => {
      const claimed = claim ? kept.find(claim) : ({ is: 'new' } as const)
      if (claimed.is !== 'new') return claimed
      if (claim) kept.keep(claim, answer)
      states.set(invocation.id, { sub: invocation.caller.sub, state: settle(invocation, answers) })
      if (states.size > MOST) states.delete(states.keys().next().value ?? '')
      return claimed
    },
    find: async (id, { sub }) => {
      const found = states.get(id)
      return found?.sub === sub ? found.state : undefined
    },
  }
}

function settle(invocation: NewInvocation, answers: ReadonlyMap<string, MockAnswers>): InvocationState {
  const answer = answers.get(invocation.function)?.(invocation)
  const now = new Date().toISOString()
  return {
    ...{ id: invocation.id, function: invocation.function, correlationId: invocation.correlationId },
    answer: answer && { ...answer, body: Buffer.from(answer.body) },
    ...{ state: answer && answer.status < 400 ? 'done' : 'dead', attempts: 1, createdAt: now, settledAt: now },
    ...{ availableAt: now, dueInMs: 0 },
  }
}
