import { checkKeys, type Refuse } from './check-common.ts'
import type { EndpointShape } from './endpoint-shape.ts'

const KEYS = ['title', 'destructive']

/** Refuses a `tool` that agents could not call, or of whose hints one says nothing. */
export function checkTool({ tool, access, method, reads }: EndpointShape, refuse: Refuse) {
  if (tool === undefined) return
  refuse(
    tool !== true && !(typeof tool === 'object' && tool !== null),
    '`tool` is true, or says more in an object; leave it out where no agent may call',
  )
  refuse(
    !!access.authorizer,
    'an authorizer judges one request at a time, so that nobody could list what a caller may call; drop `tool` or `access.authorizer`',
  )
  refuse(!!access.dpop, 'clients of MCP send no proof of a key; drop `tool` or `access.dpop`')
  if (typeof tool !== 'object') return
  checkKeys(tool, KEYS, refuse)
  const { title, destructive } = tool
  refuse(title !== undefined && !(typeof title === 'string' && title !== ''), '`tool.title` must be a text')
  refuse(
    destructive !== undefined && destructive !== false,
    '`tool.destructive` can only be false; what does not only read may destroy by default',
  )
  const readOnly = method === 'GET' || !!reads
  refuse(readOnly && destructive === false, 'what only reads destroys nothing; drop `tool.destructive`')
}
