import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { inheritedEnv } from 'ebb/kernel'

/** The first of these programs that is on PATH, or where Debian keeps servers. */
export const findProgram = (...names: readonly string[]): string | undefined =>
  names
    .flatMap((name) =>
      [...(inheritedEnv(['PATH']).PATH ?? '').split(delimiter), '/usr/sbin'].map((at) => join(at, name)),
    )
    .find((file) => {
      try {
        accessSync(file, constants.X_OK)
        return true
      } catch {
        return false
      }
    })
