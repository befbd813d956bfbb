import process from 'node:process'

/**
 * Loaded before the relay: its clock jumps by what the test says, as one does that is set by hand or by a virtual machine that
 * was asleep. `performance.now()` goes on, as it does then.
 */
let shiftMs = 0
const RealDate = Date
const now = () => RealDate.now() + shiftMs

globalThis.Date = new Proxy(RealDate, {
  construct: (target, args, newTarget) => Reflect.construct(target, args.length === 0 ? [now()] : args, newTarget),
  apply: () => new RealDate(now()).toString(),
  get: (target, name) => (name === 'now' ? now : Reflect.get(target, name)),
})

process.on('message', (message: { readonly shiftMs: number }) => {
  shiftMs = message.shiftMs
})
// The test may go, and nothing of the relay waits for it.
process.channel?.unref()
