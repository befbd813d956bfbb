import type { Log } from './log.ts'

/**
 * Refuses what a handler asks of a tool after its request has ended. The refusal is logged, and its promise counts as
 * handled: most likely nobody awaits it, and an unhandled rejection would end the process with everybody's requests.
 */
export function refuseLate(what: string, log: Pick<Log, 'error'>): Promise<never> {
  const fault = new Error(`the request is over, so ${what}; await it in the handler`)
  log.error({ err: fault }, 'a handler went on after the end of its request')
  const refused = Promise.reject(fault)
  refused.catch(() => {})
  return refused
}
