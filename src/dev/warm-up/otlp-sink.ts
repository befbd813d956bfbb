import { createServer } from 'node:http'
import { listenOnLoopback } from './listen-on-loopback.ts'

/** What traces and metrics are exported to: takes everything (OTLP over HTTP) and keeps nothing. */
export async function startOtlpSink() {
  const listening = await listenOnLoopback(
    createServer((request, response) => {
      const type = request.headers['content-type'] ?? 'application/json'
      // Nothing at all is a good answer in Protobuf.
      const answer = () => response.writeHead(200, { 'content-type': type }).end(type.includes('json') ? '{}' : '')
      request.on('end', answer).resume()
    }),
  )
  return { ...listening, url: `http://127.0.0.1:${listening.port}` }
}
