import type { Rule } from './rule.ts'

/** The database with its history, its log and its replicas, and Redis. */
export const STORE_RULES: readonly Rule[] = [
  {
    ...{ alert: 'EbbDatabaseDown', severity: 'critical', forMinutes: 2 },
    expr: 'max by (namespace) (ebb_database_up{$relay}) == 0',
    summary: 'The database does not answer the relay.',
    advice:
      'Look at Postgres and at what is between (a pooler, a network policy). Requests get a 503, and nothing that was acknowledged is lost.',
  },
  {
    ...{ alert: 'EbbReplicaAway', severity: 'warning', forMinutes: 5 },
    expr: 'min by (job) (ebb_replica_up{$functions}) == 0',
    summary:
      'Reads of {{ $labels.job }} go to the database itself: its replica is gone, or further behind than reads may be.',
    advice: 'Look at the lag of the replica (pg_stat_replication), then at its disk, and at long queries on it.',
  },
  {
    ...{ alert: 'EbbHistoryNotMade', severity: 'warning', forMinutes: 60 },
    expr: 'min by (namespace, table) (ebb_history_days_ahead{$relay}) < 3',
    summary:
      'The next days of {{ $labels.table }} have no part; nothing is lost, but what comes then is not dropped by the day.',
    advice: 'The relay\'s log says why ("the history could not be kept"); often a transaction holds a lock for hours.',
  },
  {
    ...{ alert: 'EbbArchiveOverdue', severity: 'warning', forMinutes: 60 },
    expr: 'max by (namespace) (ebb_archive_overdue_days{$relay}) > 2',
    summary: 'Events are kept for {{ $value }} days longer than they need be, since they are not archived.',
    advice: 'Run `ebb events archive`, or see why what runs it fails; the database grows until it has.',
  },
  {
    ...{ alert: 'EbbChangesNotRead', severity: 'critical', forMinutes: 10 },
    expr: 'max by (namespace) (ebb_replication_slot_retained_bytes{$relay}) > 512 * 1024 * 1024',
    summary: 'The database keeps {{ $value | humanize1024 }}B of its log for changes of tables that no relay has read.',
    advice:
      'See whether relays are ready, and what they log at level error ("changes of tables are not read"). At max_slot_wal_keep_size the slot is lost, with what was not read.',
  },
  {
    ...{ alert: 'EbbChangesLost', severity: 'critical' },
    expr: 'max by (namespace) (increase(ebb_replication_slot_lost_total{$relay}[1h])) > 0',
    summary: 'Changes of tables were lost before a relay has read them; events go on with what came after.',
    advice:
      'Compare what subscribers of changes have made of the tables with the tables; then see why nobody read the log ("EbbChangesNotRead").',
  },
  {
    ...{ alert: 'EbbChangeTableUnread', severity: 'warning', forMinutes: 5 },
    expr: 'max by (namespace, table) (ebb_change_table_unread{$relay}) == 1',
    summary: 'A contract takes changes of the table {{ $labels.table }}, which cannot be read.',
    advice: 'The relay\'s log says why, and what to do ("changes of the table ... cannot be read").',
  },
  {
    ...{ alert: 'EbbLimitsWithoutRedis', severity: 'warning', forMinutes: 5, needs: 'redis' },
    expr: 'sum by (namespace) (rate(ebb_rate_limiter_fallback_total{$gateway}[5m])) > 0',
    summary: 'Each gateway decides limits by its own share, since Redis cannot be reached or is slow.',
    advice: 'Look at Redis. Until it is back, limits are exact only as far as the load is even.',
  },
  {
    ...{ alert: 'EbbCacheWithoutRedis', severity: 'warning', forMinutes: 5, needs: 'redis' },
    expr: 'sum by (namespace) (increase(ebb_cache_redis_failures_total{$gateway}[10m])) > 0',
    summary: 'Gateways keep responses in their own memory only, since Redis cannot be reached or is slow.',
    advice: 'Look at Redis. Until it is back, each gateway asks functions for what another one has already.',
  },
  {
    ...{ alert: 'EbbCacheTooSmall', severity: 'info', forMinutes: 30 },
    expr: `sum by (namespace) (rate(ebb_cache_evictions_total{$gateway}[30m]))
  > sum by (namespace) (rate(ebb_cache_requests_total{$gateway,outcome="hit"}[30m]))`,
    summary: 'Gateways forget more responses for want of room than they answer with.',
    advice:
      'Raise EBB_CACHE_BYTES, or take `cache` from the contract whose responses are many and seldom asked for twice (`outcome` of ebb_cache_requests_total, by route).',
  },
]
