import { meterObservers } from '../../telemetry/index.ts'

/** How a call ended: by a reply, by a failure that the called contract declares, or by the code of what ended the request. */
export type CallOutcome = string

interface Count {
  calls: number
  seconds: number
}

const counts = new Map<string, { readonly callee: string; readonly outcome: CallOutcome } & Count>()
let observed = false

/** Counts the calls of this process by callee and outcome, and how long they took, with their retries. */
export function countCall(callee: string, outcome: CallOutcome, seconds: number): void {
  const key = `${callee} ${outcome}`
  const count = counts.get(key) ?? { callee, outcome, calls: 0, seconds: 0 }
  count.calls++
  count.seconds += seconds
  counts.set(key, count)
}

/** Has the metrics of this process show them: `ebb.service.calls` and `ebb.service.call.time`. To be called before the first one. */
export function observeCalls(): void {
  if (observed) return
  observed = true
  meterObservers.push((meter) => {
    const observe = (name: string, unit: string, description: string, read: (count: Count) => number) =>
      meter.createObservableCounter(name, { unit, description }).addCallback((result) => {
        for (const { callee, outcome, ...count } of counts.values()) result.observe(read(count), { callee, outcome })
      })
    observe('ebb.service.calls', '{call}', 'Calls of other functions, by how they ended.', ({ calls }) => calls)
    observe('ebb.service.call.time', 's', 'The time that these calls took, with retries.', ({ seconds }) => seconds)
  })
}
