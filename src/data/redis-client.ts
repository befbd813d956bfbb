import { once } from 'node:events'
import { type Cluster, type ClusterOptions, Redis, type RedisOptions } from 'ioredis'

/** The options of one Redis say less exactly which parts a script may leave out. */
type Scripts = NonNullable<ClusterOptions['scripts']>

/**
 * A client of what an address leads to: a Redis, with `?sentinel=NAME` the primary of that name by the Sentinel there, or with `?cluster=true` the
 * cluster of which that is a node. In a cluster all keys of a command or a script must have one hash slot.
 */
export function createRedisClient(url: string, options: Omit<RedisOptions, 'replyMapping'>): Redis {
  const { sentinel, cluster } = roleOf(url)
  if (sentinel === undefined && !cluster) return new Redis(url, options)
  const { host = '', port = 0, username, password, tls } = parseRedisUrl(url)
  const login = { ...(username ? { username } : {}), ...(password ? { password } : {}), ...(tls ? { tls } : {}) }
  if (sentinel !== undefined) {
    const sentinels = [{ host, port }]
    return new Redis({ ...options, ...login, sentinels, name: sentinel, ...(tls ? { sentinelTLS: tls } : {}) })
  }
  const { lazyConnect, enableOfflineQueue, scripts, retryStrategy, ...ofNodes } = options
  const client = new Redis.Cluster([{ host, port }], {
    ...{ ...(lazyConnect ? { lazyConnect } : {}), ...(scripts ? { scripts: scripts as Scripts } : {}) },
    ...(enableOfflineQueue === undefined ? {} : { enableOfflineQueue }),
    ...(retryStrategy ? { clusterRetryStrategy: retryStrategy } : {}),
    // As of one Redis, what may have been done is not done again.
    retryDelayOnFailover: 0,
    // Certificates are of names, and nodes tell addresses.
    redisOptions: { ...ofNodes, ...login, ...(tls ? { tls: { ...tls, servername: host } } : {}) },
  })
  // It has the commands and events of a Redis.
  return client as unknown as Redis
}

/**
 * Settles when each node of a cluster that a client knows is connected, or cannot be; of one Redis at once. Without it a node refuses what comes while it is
 * being connected, where nothing is queued.
 */
export async function connectNodes(client: Redis | Cluster): Promise<void> {
  if (client.isCluster) await Promise.all((client as Cluster).nodes('master').map(connectNode))
}

async function connectNode(node: Redis): Promise<void> {
  if (node.status === 'wait') await node.connect().catch(() => {})
  else if (node.status === 'connecting' || node.status === 'connect') await once(node, 'ready').catch(() => {})
}

/** As a client itself would: this one never connects. */
export const parseRedisUrl = (url: string) => new Redis(url, { lazyConnect: true }).options

/** Whether an address is that of one Redis, which a client can exchange for another one. */
export const isSingle = (url: string): boolean => {
  const { sentinel, cluster } = roleOf(url)
  return sentinel === undefined && !cluster
}

function roleOf(url: string): { readonly sentinel?: string | undefined; readonly cluster: boolean } {
  const parameters = URL.parse(url)?.searchParams
  return { sentinel: parameters?.get('sentinel') ?? undefined, cluster: parameters?.get('cluster') === 'true' }
}
