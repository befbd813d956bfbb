import { implement } from 'ebb/http'
import contract from './contract.ts'

export default implement(contract, {}, async ({ body }, { caller, correlation, signal, fail }) => {
  const { afterMs, refuse } = body
  if (refuse) throw fail('no_answer', 'There is no answer.')
  if (afterMs > 0) {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, afterMs)
      signal.addEventListener('abort', () => {
        clearTimeout(timer)
        resolve()
      })
    })
  }
  const { correlationId, traceparent } = correlation
  return { caller: caller.sub, via: caller.via ?? '', correlationId, traceId: traceparent.slice(3, 35) }
})
