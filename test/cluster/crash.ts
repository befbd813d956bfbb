import type { Kubectl } from './kubectl.ts'

// Nothing inside a container can send SIGKILL to its first process, and the kubelet's least grace is two seconds, in
// which ours drain. So Node's inspector is woken, and made to leave at once.
const SCRIPT = `
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
export async function crash(kubectl: Kubectl, pod: string) {
  const words = ['/usr/local/bin/node', '--input-type=module', '--eval', SCRIPT]
  // kubectl is torn off with the container.
  await kubectl.text(['exec', pod, '--', ...words], { limitMs: 30_000 }).catch(() => {})
}
