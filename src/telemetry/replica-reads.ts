/** The reads of this process that may go to a replica, by who answered them: for metrics. */
export const replicaReads = {
  /** Whether there is a replica. */
  known: false,
  /** Whether reads go to it at the moment. */
  up: false,
  replica: 0,
  database: 0,
}
