import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { findFreePort } from '../measure/prepare-start.ts'
import { type Process, startProcess } from './start-process.ts'

interface ProxyOptions {
  /** For its configuration. */
  readonly folder: string
  readonly upstreamPort: number
  readonly core: number
}

export const REPLY = '{"id":"0190a5e8-0000-7000-8000-000000000001","name":"A thing of brass, and one of copper"}'

/** One nginx that answers every request with the same JSON, as a function would. */
export async function startUpstream(folder: string, core: number): Promise<Process> {
  const server = `
    default_type application/json;
    add_header Ebb-Revision 1;
    location / { return 200 '${REPLY}'; }`
  return startNginx('upstream', '', server, { folder, core })
}

/**
 * nginx in front of it: a plain proxy, and the answers that it gives without it: 401 of a missing header, 429 of its limit,
 * a hit of its cache and a 304 for who has that already.
 */
export async function startNginxProxy({ folder, upstreamPort, core }: ProxyOptions): Promise<Process> {
  const http = `
    upstream function { server 127.0.0.1:${upstreamPort}; keepalive 64; keepalive_requests 100000000; }
    proxy_cache_path ${folder}/cache keys_zone=things:10m;
    limit_req_zone $server_port zone=one:1m rate=1r/m;
    limit_req_status 429;`
  const server = `
    proxy_http_version 1.1;
    proxy_set_header Connection "";
    location /v1/ { proxy_pass http://function; }
    location /401/ { return 401; }
    location /429/ { limit_req zone=one; proxy_pass http://function; }
    location /cached/ {
      proxy_cache things; proxy_cache_valid 200 1h; proxy_pass http://function;
      add_header ETag '"1"'; if ($http_if_none_match = '"1"') { return 304; }
    }`
  return startNginx('proxy', http, server, { folder, core })
}

async function startNginx(
  name: string,
  http: string,
  server: string,
  { folder, core }: Pick<ProxyOptions, 'folder' | 'core'>,
): Promise<Process> {
  const port = await findFreePort()
  const file = join(folder, `${name}.conf`)
  const temporary = ['client_body', 'proxy', 'fastcgi', 'uwsgi', 'scgi']
  await writeFile(
    file,
    `daemon off; master_process off; pid ${folder}/${name}.pid; error_log stderr crit;
    events { worker_connections 4096; }
    http {
      access_log off; keepalive_requests 100000000; keepalive_timeout 1h;
      ${temporary.map((one) => `${one}_temp_path ${folder}/${name}-${one};`).join(' ')}
      ${http}
      server { listen 127.0.0.1:${port}; ${server} }
    }`,
  )
  return startProcess(['nginx', '-p', folder, '-c', file, '-e', 'stderr'], { port, core })
}

/** haproxy in front of it, on one thread. */
export async function startHaproxy({ folder, upstreamPort, core }: ProxyOptions): Promise<Process> {
  const port = await findFreePort()
  const file = join(folder, 'haproxy.cfg')
  await writeFile(
    file,
    `global
  nbthread 1
  maxconn 4096
defaults
  mode http
  http-reuse always
  timeout client 1h
  timeout server 1h
  timeout connect 5s
frontend callers
  bind 127.0.0.1:${port}
  default_backend function
backend function
  server one 127.0.0.1:${upstreamPort}
`,
  )
  return startProcess(['haproxy', '-db', '-q', '-f', file], { port, core })
}
