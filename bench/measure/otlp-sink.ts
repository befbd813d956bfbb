/** The program that start-otlp-sink.ts starts: accepts what is exported to it, and answers a GET with the number of its bytes. */
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

let bytes = 0
const server = createServer((request, response) => {
  request.on('data', ({ length }: Buffer) => {
    bytes += length
  })
  request.on('end', () => response.end(request.method === 'GET' ? String(bytes) : undefined))
})
server.listen(0, '127.0.0.1', () => process.send?.((server.address() as AddressInfo).port))
process.once('disconnect', () => process.exit())
