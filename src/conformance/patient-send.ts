import { setTimeout as delay } from 'node:timers/promises'
import type { Send } from './client.ts'

const MAX_RETRIES = 5

/**
 * Sends a request again while it is answered by one of these statuses, after as long as that asks for: on a busy machine a
 * deadline that is over says nothing about what is being looked at.
 */
export function patientSend(send: Send, statuses: readonly number[], onRetry = () => {}): Send {
  return async (sent) => {
    for (let retries = 0; ; retries++) {
      const answer = await send(sent)
      if (!statuses.includes(answer.status) || retries === MAX_RETRIES) return answer
      onRetry()
      await delay(Number(answer.headers['retry-after'] ?? 1) * 1_000)
    }
  }
}
