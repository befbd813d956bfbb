/**
 * SQL that joins a delivery to its event in the outbox, in the part of the day that it is in. A delivery that a relay of 0.2 has
 * made does not know the day.
 */
export const isItsEvent = (delivery: string): string =>
  `outbox.id = ${delivery}.event_id and outbox.created_at between coalesce(${delivery}.event_time, '-infinity') and coalesce(${delivery}.event_time, 'infinity')`
