import type { IncomingMessage } from 'node:http'
import { type WebSocket, WebSocketServer } from 'ws'
import { describeEndpoint, type EndpointContract, failuresOf, Problem } from '../../contract/index.ts'
import type { Secret } from '../../kernel/index.ts'
import { upgradeOf } from '../accept-upgrades.ts'
import type { RequestContext, Response, Step } from '../context.ts'
import { createHandlerContexts } from '../handler-context.ts'
import type { Implementation } from '../implement.ts'
import type { OpenedResources } from '../resources.ts'
import { CLOSE_CODES, closeWith } from './close-codes.ts'
import { openConnection } from './open-connection.ts'

interface ConverseOptions {
  readonly resources: OpenedResources
  readonly secrets?: Readonly<Record<string, Secret>>
  readonly connections?: Connections | undefined
}

/** The WebSockets of a process. */
export interface Connections {
  readonly add: (socket: WebSocket) => void
  /** Asks every caller to come again (1001). */
  readonly close: () => void
}

export function createConnections(): Connections {
  const open = new Set<WebSocket>()
  return {
    add: (socket) => {
      open.add(socket)
      socket.once('close', () => open.delete(socket))
    },
    close: () => {
      for (const socket of open) closeWith(socket, CLOSE_CODES.goingAway, 'this instance ends; connect again')
    },
  }
}

/**
 * Opens the WebSocket of a request that has passed all other steps, runs the handler with its `connection`, and closes that
 * when the handler has returned (1000), failed as its contract says (4000 and the status), or thrown anything else (1011).
 */
export function converse(fn: Implementation, { resources, secrets = {}, connections }: ConverseOptions): Step {
  const contract = fn.contract as EndpointContract
  const { upgrade = true } = contract
  const { idleSeconds = 0, maxMessageBytes = 0 } = describeEndpoint(contract).upgrade ?? {}
  const createContext = createHandlerContexts(contract, { secrets, policy: resources.policy, hasTransaction: false })
  const { transaction } = resources
  const failures = failuresOf(contract)
  const subprotocols = upgrade === true ? [] : (upgrade.subprotocols ?? [])
  let server: WebSocketServer | undefined
  const open = (request: IncomingMessage, response: Response) => {
    // On first use: its part of the bundle is loaded for it.
    server ??= createServer({ maxPayload: maxMessageBytes, subprotocols })
    return accept(server, request, response)
  }

  async function run(socket: WebSocket, locals: RequestContext) {
    const { context, bindContext, check, close } = createContext(locals)
    const connection = openConnection(socket, { upgrade, idleSeconds, check })
    const work = async (bound: Record<string, unknown>, end: () => number) => {
      Object.assign(context, { connection }, resources.bind(bindContext), bound)
      try {
        // The handler's own types were checked where it was written: implement() ties input and context to its contract.
        await fn.handle(locals.input as never, context as never)
      } finally {
        end()
        close()
      }
    }
    const { signal, timeoutMs } = locals.deadline
    const { tenant } = locals.identity
    if (!transaction) return work({}, () => 0)
    return transaction.run({ signal, timeoutMs, tenant, readOnly: true, repeatable: false }, (bound, end) =>
      work(transaction.bind(bound), end),
    )
  }

  return async function converse(request, response) {
    const { locals } = response
    if (!upgradeOf(request)) throw NOT_ASKED
    try {
      await hold(await open(request, response), locals)
      // The 101 was sent past Node's response, which gets its end for whoever waits for that.
      Object.assign(response, { statusCode: 101, finished: true })
    } finally {
      response.emit('close')
    }
  }

  async function hold(socket: WebSocket, locals: RequestContext) {
    connections?.add(socket)
    const { deadline, log } = locals
    const { signal } = deadline
    const over = Promise.withResolvers<void>()
    signal.addEventListener('abort', () => closeWith(socket, CLOSE_CODES.goingAway, 'its time is over; connect again'))
    socket.on('error', (error) => log.debug({ err: error }, 'a WebSocket broke'))
    socket.once('close', () => {
      deadline.abandon()
      over.resolve()
    })
    const running = run(socket, locals).then(
      () => closeWith(socket, CLOSE_CODES.done, ''),
      (error: unknown) => {
        // What fails since its caller is gone, or its time is over, is no news.
        if (socket.readyState !== socket.OPEN) return
        const isExpected = error instanceof Problem && (Object.hasOwn(failures, error.code) || error.status === 403)
        if (isExpected) return closeWith(socket, CLOSE_CODES.failure + error.status, error.code)
        log.error({ err: error }, 'a WebSocket failed')
        closeWith(socket, CLOSE_CODES.internal, 'internal')
      },
    )
    // A handler that ignores the end of its connection keeps nothing of it.
    await Promise.race([running, over.promise])
    await over.promise
  }
}

const NOT_ASKED = new Problem('upgrade_required', 426, 'This path is for WebSockets, version 13.', {
  headers: { upgrade: 'websocket', connection: 'Upgrade, close', 'sec-websocket-version': '13' },
})

interface ServerOptions {
  readonly maxPayload: number
  readonly subprotocols: readonly string[]
}

function createServer({ maxPayload, subprotocols }: ServerOptions): WebSocketServer {
  return new WebSocketServer({
    ...{ noServer: true, clientTracking: false, maxPayload },
    // What is compressed takes many times its size, and its memory for as long as the connection lives.
    perMessageDeflate: false,
    handleProtocols: (asked) => [...asked].find((name) => subprotocols.includes(name)) ?? false,
  })
}

/** Sends the 101, with the headers of every response of a function. */
function accept(server: WebSocketServer, request: IncomingMessage, response: Response): Promise<WebSocket> {
  const { socket, head } = upgradeOf(request) ?? {}
  if (!socket || !head) throw NOT_ASKED
  const lines = Object.entries(response.getHeaders()).map(([name, value]) => `${name}: ${value}`)
  const addHeaders = (headers: string[]) => void headers.push(...lines)
  return new Promise((resolve, reject) => {
    const onGone = () => reject(new Problem('caller_gone', 499, 'The caller hung up.'))
    socket.once('close', onGone)
    // What is sent on it from here on is no response.
    response.detachSocket(request.socket)
    server.on('headers', addHeaders)
    server.handleUpgrade(request, socket, head, (opened) => {
      socket.off('close', onGone)
      resolve(opened)
    })
    server.off('headers', addHeaders)
  })
}
