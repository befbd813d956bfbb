import { request as httpRequest, type IncomingMessage, type ServerResponse } from 'node:http'

interface PassOptions {
  readonly port: number
  readonly path: string
  /** What has come after the request already. */
  readonly head: Buffer
}

/** Passes a request to open a WebSocket on to an instance, and then bytes both ways. Resolves when both have ended. */
export function passUpgrade(
  request: IncomingMessage,
  response: ServerResponse,
  { port, path, head }: PassOptions,
): Promise<void> {
  return new Promise((resolve, reject) => {
    const { method, headers, socket } = request
    /** What is sent from here on comes from the instance, past this server's response. */
    const begin = (answer: IncomingMessage) => {
      response.detachSocket(socket)
      socket.write(headOf(answer))
      socket.once('close', () => resolve())
    }
    const passed = httpRequest({ host: '127.0.0.1', port, path, method, headers, agent: false })
    passed.once('error', reject)
    passed.once('response', (answer) => {
      begin(answer)
      answer.pipe(socket)
    })
    passed.once('upgrade', (answer, instance, firstBytes) => {
      begin(answer)
      if (firstBytes.length > 0) instance.unshift(firstBytes)
      if (head.length > 0) socket.unshift(head)
      instance.pipe(socket).pipe(instance)
      // Where one side breaks off, so does the other.
      instance.on('error', () => socket.destroy()).once('close', () => socket.destroySoon())
      socket.on('error', () => instance.destroy()).once('close', () => instance.destroy())
    })
    socket.once('close', () => passed.destroy())
    passed.end()
  })
}

function headOf({ statusCode, statusMessage, rawHeaders }: IncomingMessage): string {
  const lines = [`HTTP/1.1 ${statusCode} ${statusMessage}`]
  for (let i = 0; i < rawHeaders.length; i += 2) {
    // Its end is that of the connection.
    if (rawHeaders[i]?.toLowerCase() !== 'transfer-encoding') lines.push(`${rawHeaders[i]}: ${rawHeaders[i + 1]}`)
  }
  return `${lines.join('\r\n')}\r\n\r\n`
}
