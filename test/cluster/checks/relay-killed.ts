import { newBatch, newCaller, writeEntry } from '../callers.ts'
import type { Check } from '../context.ts'
import { eventsAbout, untilDelivered } from '../events.ts'
import { untilReady } from '../install.ts'
import type { Kubectl } from '../kubectl.ts'

const ENTRIES = 200
const AT_ONCE = 20

/** Every relay dies at once, as by SIGKILL, while events are under way: each takes effect once, none is lost. */
export const relayKilled: Check = {
  name: 'relays killed while events are under way',
  run: async (context) => {
    const { kubectl } = context
    const caller = await newCaller(context)
    const batch = newBatch()
    const pods = await kubectl.podsOf('relay')
    const ids: string[] = []
    let killed: Promise<unknown> | undefined
    const kill = () => {
      killed ??= Promise.all(pods.map(({ metadata }) => crash(kubectl, metadata.name)))
      return killed
    }
    await Promise.all(
      Array.from({ length: AT_ONCE }, async () => {
        for (let i = 0; i < ENTRIES / AT_ONCE; i++) {
          const response = await writeEntry(caller, batch)
          if (response.status !== 201) throw new Error(`answered ${response.status}: ${await response.text()}`)
          ids.push(((await response.json()) as { id: string }).id)
          if (ids.length > ENTRIES / 4) await kill()
        }
      }),
    )
    const deliveredBefore = (await eventsAbout(context, 'conformance.written', ids)).filter(({ deliveries }) =>
      deliveries.some(({ state }) => state === 'done'),
    ).length
    const beganAt = Date.now()
    const events = await untilDelivered(context, ids)
    const took = ((Date.now() - beganAt) / 1_000).toFixed(0)
    const again = events.filter(({ deliveries }) => deliveries.some(({ attempts }) => attempts > 1)).length
    const effects = await eventsAbout(context, 'conformance.noted', ids)
    if (effects.length !== ids.length) throw new Error(`${ids.length} entries, ${effects.length} notes`)
    await untilReady(context)
    return `${ids.length} entries, ${pods.length} relays killed, ${deliveredBefore} delivered when all were written, the rest ${took} s later; ${again} delivered again, ${effects.length} effects`
  },
}

// Nothing inside a container can send SIGKILL to its first process, and the kubelet's least grace is two seconds, in
// which ours drain. So Node's inspector is woken, and made to leave at once.
const CRASH_SCRIPT = `
process.kill(1, 'SIGUSR1')
let target
for (const until = Date.now() + 10_000; !target && Date.now() < until; )
  target = await fetch('http://127.0.0.1:9229/json/list').then((answer) => answer.json()).then(([one]) => one, () => new Promise((resolve) => setTimeout(resolve, 20)))
const socket = new WebSocket(target.webSocketDebuggerUrl)
socket.onopen = () => socket.send(JSON.stringify({ id: 1, method: 'Runtime.evaluate', params: { expression: 'void setTimeout(() => process.reallyExit(137), 100)' } }))
// It waits for us before it leaves.
socket.onmessage = () => socket.close()
`

/** Ends a Node process that is the first of its container as SIGKILL would: no handler runs, nothing is drained. */
async function crash(kubectl: Kubectl, pod: string) {
  const words = ['/usr/local/bin/node', '--input-type=module', '--eval', CRASH_SCRIPT]
  // kubectl is torn off with the container.
  await kubectl.text(['exec', pod, '--', ...words], { limitMs: 30_000 }).catch(() => {})
}
