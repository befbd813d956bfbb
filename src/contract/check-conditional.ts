import type { Refuse } from './check-common.ts'
import type { EndpointShape } from './endpoint-shape.ts'
import { repliesOf } from './reply.ts'

/** Refuses a `conditional` that nothing could compare. */
export function checkConditional(contract: EndpointShape, refuse: Refuse) {
  const { conditional, method, reads, headers, async, tool } = contract
  if (conditional === undefined) return
  refuse(
    conditional !== true && conditional !== 'optional',
    "`conditional` can be true or 'optional'; leave it out where any write may come",
  )
  refuse(!!reads, 'the reply to a POST that only reads is the version of nothing; drop `conditional` or use a GET')
  refuse(
    method === 'GET' && conditional === 'optional',
    "a GET's conditions are always optional; write `conditional: true`",
  )
  const own = Object.keys(headers?.shape ?? {}).find((name) => name === 'if-match' || name === 'if-none-match')
  refuse(own !== undefined, `\`conditional\` reads ${own} itself; take it out of \`headers\``)
  refuse(!!async, 'an asynchronous call compares with what is there much later; drop `conditional` or `async`')
  refuse(
    !!tool && method !== 'GET' && conditional === true,
    "an agent sends no If-Match; write `conditional: 'optional'`, or drop `tool`",
  )
  const streams = repliesOf(contract).some(({ stream }) => stream !== undefined)
  refuse(streams, 'what is streamed has begun before its version is known; drop `conditional`')
}
