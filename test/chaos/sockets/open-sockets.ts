import { inheritedEnv } from 'ebb/kernel'
import { createSmtpTransport } from '../../../src/data/mail.ts'
import { startRedis } from '../../../src/dev/redis.ts'
import { withTimeout } from '../../../src/kernel/promises.ts'
import { startOtlpReceiver } from '../../support/otlp-receiver.ts'
import { startSmtpServer } from '../../support/smtp-server.ts'
import { httpSockets, otlpSocket, startFunction } from './http-sockets.ts'
import { postgresSockets } from './postgres-sockets.ts'
import { type Socket, targetOf } from './recovery.ts'
import { redisSockets } from './redis-sockets.ts'

const MAIL_MS = 2_000

/** Every socket that the platform has, and what is at their other ends. Without a redis-server, without those to Redis. */
export async function openSockets(databaseUrl: string) {
  const [redis, mail, fn, collector] = await Promise.all([
    startRedis(inheritedEnv(['PATH']).PATH ?? ''),
    startSmtpServer(),
    startFunction(),
    startOtlpReceiver(),
  ])
  const arrived = () => collector.requests().filter(({ status }) => status === 200).length
  const sockets: readonly Socket[] = [
    ...postgresSockets(databaseUrl),
    ...(redis ? redisSockets(redis.url) : []),
    smtpSocket(mail.port),
    ...httpSockets(fn.port),
    otlpSocket(targetOf(collector.url), arrived),
  ]
  return { sockets, close: () => Promise.all([redis?.stop(), mail.close(), fn.close(), collector.close()]) }
}

/** As a request whose deadline is 2 s away sends a message. */
const smtpSocket = (port: number): Socket => ({
  ...{ name: 'SMTP: messages, 2 s each', target: { host: '127.0.0.1', port }, limitMs: MAIL_MS },
  open: (port) => {
    const transport = createSmtpTransport(`smtp://127.0.0.1:${port}`)
    const message = { from: 'a@example.com', to: 'b@example.com', subject: 'hello', text: '' }
    return { use: () => withTimeout(MAIL_MS, transport.sendMail(message)), close: () => transport.close() }
  },
})
