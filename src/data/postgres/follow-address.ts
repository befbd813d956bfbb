import { setTimeout as delay } from 'node:timers/promises'
import pg from 'pg'
import { type DatabaseAddress, isRefusedLogin } from './database-address.ts'

/** For how long a refused login is tried again: in the database a password changes at once, and in a file a little later. */
const LOGIN_RETRY_MS = 10_000
const RETRY_DELAY_MS = 200

/** Creates a class of clients that connect to where the database is when they are created, and what the pool needs of them. */
export function createClients(address: DatabaseAddress) {
  const urls = new WeakMap<pg.ClientBase, string>()
  class AddressedClient extends pg.Client {
    constructor(options: pg.ClientConfig) {
      const connectionString = address.current()
      super({ ...options, connectionString })
      urls.set(this, connectionString)
    }
  }
  // The pool passes its options to what its type calls a constructor without parameters.
  const Client = AddressedClient as unknown as new () => pg.ClientBase
  return { Client, isOutdated: (client: pg.ClientBase) => urls.get(client) !== address.current() }
}

type ConnectCallback = Parameters<pg.Pool['connect']>[0]

/**
 * Has a pool follow its address. A refused login is tried again, by the file as it is then. Once the address has changed,
 * connections to the old one are closed in order: idle ones now, the others when they are released.
 */
export function followAddress(
  pool: pg.Pool,
  { address, isOutdated }: { address: DatabaseAddress; isOutdated: (client: pg.ClientBase) => boolean },
): void {
  const connect: () => Promise<pg.PoolClient> = pool.connect.bind(pool)
  const connectAgain = async (refusal: unknown): Promise<pg.PoolClient> => {
    if (!isRefusedLogin(refusal)) throw refusal
    const until = performance.now() + LOGIN_RETRY_MS
    let latest: unknown = refusal
    while (isRefusedLogin(latest) && performance.now() < until) {
      const before = address.current()
      await address.refused()
      if (address.current() === before) await delay(RETRY_DELAY_MS)
      try {
        return await connect()
      } catch (error) {
        latest = error
      }
    }
    throw latest
  }
  const connectFollowing = () => connect().catch(connectAgain)
  // pg's own `pool.query` passes a callback.
  pool.connect = ((callback?: ConnectCallback) => {
    const connecting = connectFollowing()
    if (!callback) return connecting
    connecting.then(
      (client) => callback(undefined, client, client.release.bind(client)),
      (error) => callback(error, undefined, () => {}),
    )
    return undefined
  }) as pg.Pool['connect']

  pool.on('release', (error, client) => {
    // The pool removes what is ending.
    if (!error && isOutdated(client)) void client.end().catch(() => {})
  })
  address.onChange(() => {
    for (let i = pool.idleCount; i > 0; i--) {
      connect().then(
        (client) => client.release(),
        () => {},
      )
    }
  })
}
