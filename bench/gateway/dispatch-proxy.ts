/** PORT=… UPSTREAM=… node bench/gateway/dispatch-proxy.ts: the least that a proxy on Node does: node:http, and undici's dispatch. */
import { createServer } from 'node:http'
import { Pool } from 'undici'

const pool = new Pool(process.env.UPSTREAM ?? '', { connections: 64 })

createServer((request, response) => {
  pool.dispatch(
    { path: request.url ?? '/', method: request.method ?? 'GET', headers: request.headers, body: null },
    {
      onRequestStart() {},
      onResponseStart: (_controller, status, headers) => void response.writeHead(status, headers),
      onResponseData: (_controller, chunk) => void response.write(chunk),
      onResponseEnd: () => void response.end(),
      onResponseError: () => void response.destroy(),
    },
  )
}).listen(Number(process.env.PORT), '127.0.0.1')
