import type { CountUsage, UsedContract } from 'ebb/http/gateway'
import type { Log } from 'ebb/kernel'
import type { UsageCount } from '../../../src/data/contract-usage.ts'

/** Callers of endpoints that are counted apart between two writes; what comes beyond is counted together. */
const MAX_ENTRIES = 1_000
const FLUSH_MS = 10_000

interface CollectOptions {
  readonly log: Pick<Log, 'warn'>
  /** Default: 10 s. */
  readonly flushMs?: number
}

export interface UsageCollector {
  readonly count: CountUsage
  /** Writes what is counted now, for whoever is about to read. */
  flush(): Promise<void>
  close(): Promise<void>
}

interface Entry extends Omit<UsageCount, 'fields' | 'requests'> {
  requests: number
  readonly fields: Map<string, number>
}

/**
 * Counts in memory who calls which endpoint with which fields, and writes the counts every ten seconds: no request waits or writes. What
 * cannot be written is kept for the next time; a gateway that is killed loses what it has counted since.
 */
export function collectUsage(
  record: (counts: readonly UsageCount[]) => Promise<void>,
  { log, flushMs = FLUSH_MS }: CollectOptions,
): UsageCollector {
  let entries = new Map<string, Entry>()
  let running: Promise<void> | undefined
  let failing = false

  const entryOf = ({ endpoint, version, caller }: UsedContract): Entry => {
    const key = `${endpoint}\n${version}\n${caller.kind}\n${caller.caller}\n${caller.keyId}\n${caller.tenant}\n${caller.plan}`
    const known = entries.get(key)
    if (known) return known
    if (entries.size >= MAX_ENTRIES) return othersOf(endpoint)
    const { kind, caller: name, keyId = null, tenant = null, plan = null } = caller
    return add(key, { endpoint, version, kind, caller: name, keyId, tenant, plan, requests: 0, fields: new Map() })
  }
  const othersOf = (endpoint: string): Entry => {
    const others = { version: '', kind: 'others', caller: '(others)', keyId: null, tenant: null, plan: null } as const
    return entries.get(endpoint) ?? add(endpoint, { ...others, endpoint, requests: 0, fields: new Map() })
  }
  const add = (key: string, entry: Entry) => {
    entries.set(key, entry)
    return entry
  }
  const write = async (counted: ReadonlyMap<string, Entry>) => {
    try {
      await record([...counted.values()].map((entry) => ({ ...entry, fields: Object.fromEntries(entry.fields) })))
      failing = false
    } catch (error) {
      if (!failing) log.warn({ err: error }, 'who calls which endpoint cannot be recorded; it is tried again')
      failing = true
      for (const [key, entry] of counted) addTo(entries.get(key) ?? add(key, emptied(entry)), entry)
    }
  }
  const flush = () => {
    if (running || entries.size === 0) return running
    const counted = entries
    entries = new Map()
    running = write(counted).finally(() => {
      running = undefined
    })
    return running
  }
  const flushAll = async () => {
    await running
    await flush()
  }
  const timer = setInterval(flush, flushMs).unref()
  return {
    count: (used) => {
      const entry = entryOf(used)
      entry.requests++
      for (const field of used.fields) entry.fields.set(field, (entry.fields.get(field) ?? 0) + 1)
    },
    flush: flushAll,
    close: () => {
      clearInterval(timer)
      return flushAll()
    },
  }
}

const emptied = (entry: Entry): Entry => ({ ...entry, requests: 0, fields: new Map() })

function addTo(entry: Entry, { requests, fields }: Entry) {
  entry.requests += requests
  for (const [field, times] of fields) entry.fields.set(field, (entry.fields.get(field) ?? 0) + times)
}
