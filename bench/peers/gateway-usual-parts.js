// What a team builds of well-known parts: Express, tokens checked by jose, a limit on Redis by rate-limiter-flexible,
// prom-client, pino, OpenTelemetry's own instrumentation (--require), and http-proxy-middleware.
const express = require('express')
const { createProxyMiddleware } = require('http-proxy-middleware')
const { Agent } = require('node:http')
const Redis = require('ioredis')
const { createRemoteJWKSet, jwtVerify } = require('jose')
const pino = require('pino')
const { Histogram } = require('prom-client')
const { RateLimiterRedis } = require('rate-limiter-flexible')
const { z } = require('zod')

const { ISSUER, AUDIENCE, REDIS_URL, UPSTREAM, PORT } = process.env
const keys = createRemoteJWKSet(new URL(`${ISSUER}/jwks`))
const limiter = new RateLimiterRedis({ storeClient: new Redis(REDIS_URL), points: 1_000_000, duration: 1 })
const duration = new Histogram({ name: 'duration', help: 'of a request', labelNames: ['route', 'method', 'status'] })
const log = pino({}, pino.destination({ dest: 1, sync: false }))
const params = z.object({ id: z.uuid() })
const query = z.strictObject({ fields: z.string().max(100).optional() })

const app = express().disable('x-powered-by')
app.use((request, response, next) => {
  const end = duration.startTimer()
  response.on('finish', () => {
    end({ route: request.route?.path ?? 'none', method: request.method, status: response.statusCode })
    log.info({ path: request.path, status: response.statusCode, caller: request.caller }, 'request')
  })
  next()
})
async function check(request, response, next) {
  const token = request.headers.authorization?.slice('Bearer '.length) ?? ''
  const verified = await jwtVerify(token, keys, { issuer: ISSUER, audience: AUDIENCE }).catch(() => undefined)
  if (!verified) return response.status(401).end()
  if (!verified.payload.scope.split(' ').includes('things:read')) return response.status(403).end()
  request.caller = verified.payload.sub
  const { remainingPoints } = await limiter.consume(request.caller)
  response.set('ratelimit-remaining', String(remainingPoints))
  if (!params.safeParse(request.params).success || !query.safeParse(request.query).success)
    return response.status(400).end()
  next()
}
const agent = new Agent({ keepAlive: true, maxSockets: 64 })
app.get('/v1/things/:id', check, createProxyMiddleware({ target: UPSTREAM, agent, xfwd: true }))
app.listen(Number(PORT), '127.0.0.1')
