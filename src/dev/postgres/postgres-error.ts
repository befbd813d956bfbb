import { ConfigError } from '../../kernel/index.ts'

/** Why Postgres cannot run here, in one sentence that says what to do; `cause` has the details. */
export class PostgresError extends Error {
  override name = 'PostgresError'
}

/** Turns an error of the system or of Postgres into a PostgresError about `folder`. */
export function explainError(cause: unknown, folder: string): Error {
  if (cause instanceof PostgresError || cause instanceof ConfigError) return cause
  const message = cause instanceof Error ? cause.message : String(cause)
  // Log lines and hints mention much that is not the cause.
  const text = message.replace(/^(LOG|HINT): .*$/gm, '')
  const known = EXPLANATIONS.find(([pattern]) => pattern.test(text))
  return new PostgresError(known ? known[1](folder) : `Postgres did not start: ${mainLine(text)}.`, { cause })
}

// The first match wins: a full disk also breaks files, so it comes before damage.
const EXPLANATIONS: [RegExp, (folder: string) => string][] = [
  [
    /could not (create|map|resize|open|attach).* shared memory|Cannot allocate memory|ENOMEM/,
    () => 'Postgres got no memory from this machine: free some memory and start again.',
  ],
  [
    /ENOSPC|EDQUOT|No space left on device|Disk quota exceeded|wrote only \d+ of/,
    (folder) => `The disk that holds the Postgres data of ${folder} is full: free some space and start again.`,
  ],
  [
    /EROFS|Read-only file system/,
    (folder) => `${folder} is on a read-only disk: choose a folder that can be written for the Postgres data.`,
  ],
  [/ENOTDIR|EEXIST: .* mkdir/, (folder) => `${folder} is a file, not a folder: move it away or choose another folder.`],
  [
    /EACCES|EPERM|Permission denied|Operation not permitted|wrong ownership|invalid permissions/,
    (folder) =>
      `${folder} belongs to another user or may not be written: give it to the user that runs this (chown -R), or choose another folder.`,
  ],
  [
    /lock file ".*" already exists|pre-existing shared memory/,
    (folder) => `Another Postgres still uses the data of ${folder}: stop it and start again.`,
  ],
  [
    /PANIC: {2}|checkpoint record|incorrect checksum|invalid page|not a valid data directory|database files are incompatible|could not (open|read|access|stat|find) |ENOENT.*(PG_VERSION|passwords\.json)|valid JSON|JSON input/,
    (folder) =>
      `The Postgres data of ${folder} are damaged: restore them from a backup, or delete ${folder}/cluster to begin with an empty database.`,
  ],
]

/** The line of the error itself, without its severity and full stop. */
function mainLine(text: string): string {
  const lines = text.split('\n').filter((line) => line.trim() !== '')
  const line = lines.find((each) => /(FATAL|PANIC|ERROR|error):/.test(each)) ?? lines.at(-1) ?? 'it printed nothing'
  return line.replace(/^.*?(FATAL|PANIC|ERROR|error):\s+/, '').replace(/\.\s*$/, '')
}
