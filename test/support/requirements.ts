import { accessSync, constants } from 'node:fs'
import { delimiter, join } from 'node:path'
import { describe, it } from '@jest/globals'
import { inheritedEnv } from 'ebb/kernel'

/** `it`, where nothing that a test needs is missing; else its tests are skipped, and their names say why. */
export const itWhere =
  (missing: string | undefined) =>
  (name: string, test: Parameters<typeof it>[1], timeoutMs?: number): void => {
    if (missing) it.skip(`${name} (NOT TESTED: ${missing})`, test)
    else it(name, test, timeoutMs)
  }

/** The same for `describe`. */
export const describeWhere =
  (missing: string | undefined) =>
  (name: string, tests: () => void): void => {
    if (missing) describe.skip(`${name} (NOT TESTED: ${missing})`, tests)
    else describe(name, tests)
  }

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
