import type { Redis } from 'ioredis'
import { fixedValue, type LiveValue } from '../kernel/index.ts'
import { isSingle, parseRedisUrl } from './redis-client.ts'

/** Where Redis is: a URL, or a setting that may change while the process runs. */
export type RedisAddress = string | LiveValue<string | undefined>

/** The address as a value that may change. */
export const toLiveAddress = (address: RedisAddress): LiveValue<string | undefined> =>
  typeof address === 'string' ? fixedValue<string | undefined>(address) : address

/** No or a wrong password: its file may hold the right one already. */
const REFUSED_LOGIN = /^(WRONGPASS|NOAUTH)/

/**
 * Has a client follow its address: the next connection uses the new one. The present one is kept where only the login has
 * changed, since Redis does not ask for it again, and closed where the server is another one. A client of a Sentinel or of a cluster keeps the address
 * that it was opened with: it asks there where the servers are.
 */
export function followRedisAddress(client: Redis, address: LiveValue<string | undefined>): void {
  if (!isSingle(address.current() ?? '')) return
  client.on('error', ({ message }: Error) => {
    if (REFUSED_LOGIN.test(message)) void address.refresh()
  })
  address.onChange((url) => {
    if (url === undefined) return
    const { host, port, path, family, db, username, password, tls } = parseRedisUrl(url)
    const { host: oldHost, port: oldPort, path: oldPath, db: oldDb } = client.options
    // A client reads its options whenever it connects.
    Object.assign(client.options, { host, port, path, family, db, username, password, tls })
    const isElsewhere = host !== oldHost || port !== oldPort || path !== oldPath || db !== oldDb
    if (isElsewhere && client.status === 'ready') client.disconnect(true)
  })
}
