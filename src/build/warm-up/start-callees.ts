import { createServer } from 'node:http'
import { type EndpointContract, toOutput, usualReply } from '../../contract/index.ts'
import { createRandom } from '../../deploy/sample/random.ts'
import { createSampler } from '../../deploy/sample/sampler.ts'
import { listenOnLoopback } from './loopback.ts'

/** Starts what answers in the place of the functions that one calls: each by a reply that its contract allows. */
export async function startCallees(callees: readonly EndpointContract[]) {
  const replies = new Map(callees.map((callee) => [callee.name, sampleReply(callee)]))
  const listening = await listenOnLoopback(
    createServer((request, response) => {
      const reply = replies.get(request.url?.split('/')[1] ?? '')
      const respond = () =>
        response.writeHead(reply?.status ?? 404, { 'content-type': 'application/json' }).end(reply?.body)
      request.on('end', respond).resume()
    }),
  )
  return { ...listening, url: `http://127.0.0.1:${listening.port}` }
}

function sampleReply(callee: EndpointContract) {
  const { status, body } = usualReply(callee)
  if (!body) return { status, body: '' }
  try {
    return { status, body: JSON.stringify(createSampler(toOutput(body))(createRandom(callee.name))) }
  } catch {
    // What no sample can be made of; any reply will do.
    return { status, body: '{}' }
  }
}
