import { describe, it } from '@jest/globals'

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
