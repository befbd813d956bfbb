import type { Rule } from './rule.ts'

/** What the relay does: every relay tells the same of these, but where a comment says otherwise. */
export const EVENT_RULES: readonly Rule[] = [
  {
    ...{ alert: 'EbbDeadLetters', severity: 'warning', forMinutes: 5 },
    expr: 'max by (namespace) (ebb_dead_letters{$relay}) > 0',
    summary: 'Deliveries were given up; there are {{ $value }}.',
    advice:
      '`ebb events list --state dead` tells which, and what their functions answered; mend those, then `ebb events redrive`.',
  },
  {
    ...{ alert: 'EbbBacklogWaits', severity: 'warning', forMinutes: 5 },
    expr: 'max by (namespace, kind) (ebb_backlog_age_seconds{$relay}) > 120',
    summary: 'A call that is due ({{ $labels.kind }}) has waited for {{ $value | humanizeDuration }}.',
    advice:
      'See whether relays are ready and ebb_database_up is 1; else a function takes all that scale.max allows, and longer than before.',
  },
  {
    ...{ alert: 'EbbDeliveriesUnaccounted', severity: 'critical', forMinutes: 5 },
    expr: 'max by (namespace, consumer) (abs(ebb_deliveries_unaccounted{$relay})) > 0',
    summary:
      'Of the deliveries to {{ $labels.consumer }}, {{ $value }} are neither done, dropped, waiting, leased, dead nor parked.',
    advice:
      'Somebody has written to ebb.delivery or ebb.delivery_tally past the platform; else report it as a fault of Ebb, with `ebb events list`.',
  },
  {
    ...{ alert: 'EbbDeliveriesParked', severity: 'warning', forMinutes: 5 },
    expr: 'max by (namespace, consumer) (ebb_deliveries{$relay,state="parked"}) > 0',
    summary: 'Deliveries to {{ $labels.consumer }}, which no contract has, are parked; there are {{ $value }}.',
    advice:
      '`ebb events redrive --consumer OLD --to NEW` sends them to the one that took its place; `ebb events drop --consumer OLD --reason …` gives them up.',
  },
  {
    // What waits for addresses that fail, rest, or get all that they want is not counted.
    ...{ alert: 'EbbWebhooksWait', severity: 'warning', forMinutes: 10 },
    expr: 'max by (namespace) (ebb_webhook_overdue_seconds{$relay}) > 60',
    summary: "A message to a customer's webhook that could take it has waited for {{ $value | humanizeDuration }}.",
    advice:
      'See whether relays are ready and ebb_database_up is 1; else there are more messages than they send, and more relays (relay.replicas) help.',
  },
  {
    // By the relay that knows best: one that hangs knows of no firing of the others.
    ...{ alert: 'EbbScheduleOverdue', severity: 'warning', forMinutes: 1 },
    expr: 'min by (namespace, schedule) (ebb_schedule_overdue_seconds{$relay}) > 120',
    summary: 'The schedule {{ $labels.schedule }} should have fired {{ $value | humanizeDuration }} ago.',
    advice:
      'See whether relays are ready and ebb_database_up is 1, and what they log at level error; `ebb schedules list` shows its last firing.',
  },
  {
    // Twice, so that a rollout is no alarm.
    ...{ alert: 'EbbCheckFails', severity: 'critical', forMinutes: 1 },
    expr: 'max by (namespace, check) (ebb_check_failures{$relay}) >= 2',
    summary: 'The check of {{ $labels.check }} has failed {{ $value }} times in a row.',
    advice:
      '`ebb checks list` says what was answered, and `ebb explain` with its correlation id what came of it. What a check could not take back it takes back before the next one.',
  },
  {
    // By the relay that knows best, too.
    ...{ alert: 'EbbChecksNotMade', severity: 'warning', forMinutes: 5 },
    expr: 'min by (namespace, check) (ebb_check_overdue_seconds{$relay}) > 300',
    summary: 'The check of {{ $labels.check }} should have been made {{ $value | humanizeDuration }} ago.',
    advice: 'See whether relays are ready and ebb_database_up is 1, and what they log ("checks cannot be made").',
  },
  {
    ...{ alert: 'EbbRelayAbsent', severity: 'critical', forMinutes: 5 },
    expr: 'absent(ebb_build_info{$relay})',
    summary: 'No relay tells its metrics: none runs, or none can be scraped. Events wait.',
    advice:
      'Look at the pods of the relay, and at the targets of Prometheus. Nothing is lost: what waits is sent once one runs.',
  },
]
