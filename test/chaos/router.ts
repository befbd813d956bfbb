import { createServer, request } from 'node:http'
import type { AddressInfo } from 'node:net'
import { pipeline } from 'node:stream'

/** Stands for the names of functions on a cluster, whose ports are known only when they listen, and change with each start. */
export async function startRouter(portOf: (name: string) => number) {
  const server = createServer((incoming, response) => {
    const [, name = '', ...rest] = (incoming.url ?? '').split('/')
    const { method, headers } = incoming
    const onward = request({ port: portOf(name), host: '127.0.0.1', path: `/${rest.join('/')}`, method, headers })
    onward.on('response', (answer) => {
      pipeline(answer, response.writeHead(answer.statusCode ?? 502, answer.headers), () => {})
    })
    onward.on('error', () => response.destroy())
    // A caller that hangs up has hung up on the function.
    response.on('close', () => onward.destroy())
    incoming.pipe(onward)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  // A server that listens on a port has an address.
  const { port } = server.address() as AddressInfo
  const close = () => void server.close().closeAllConnections()
  return { port, url: `http://127.0.0.1:${port}`, close }
}
