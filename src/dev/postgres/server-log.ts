/** Reads what a postmaster says: warnings and worse go on to `log`, all of it is kept until Postgres is ready. */
export function createServerLog(log: (line: string) => void, onReady: () => void) {
  let kept: string[] | undefined = []
  let loud = true
  function read(line: string): void {
    kept?.push(line)
    const severity = /^([A-Z]+\d?): {2}/.exec(line)?.[1]
    // DETAIL, HINT, STATEMENT and indented lines belong to the line before.
    if (severity !== undefined && quiet.has(severity)) loud = false
    else if (severity !== undefined && grave.has(severity)) loud = true
    if (loud) log(line)
    if (kept !== undefined && line.includes('database system is ready to accept connections')) {
      kept = undefined
      onReady()
    }
  }
  return { read, said: () => kept?.join('\n') ?? '' }
}

const quiet = new Set(['LOG', 'INFO', 'NOTICE', 'DEBUG', 'DEBUG1', 'DEBUG2', 'DEBUG3', 'DEBUG4', 'DEBUG5'])
const grave = new Set(['WARNING', 'ERROR', 'FATAL', 'PANIC'])
