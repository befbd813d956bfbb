/** SQL that writes a timestamptz as RFC 3339 in UTC, with all that Postgres knows of it (microseconds). */
export const rfc3339 = (column: string): string =>
  `to_char(${column} at time zone 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS.US"Z"')`
