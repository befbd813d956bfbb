import { readFileSync, writeFileSync } from 'node:fs'
import { expect } from '@jest/globals'

/** Expects a file of the repository to have this text; with jest's `-u`, writes it first. */
export function expectGoldenFile(path: string, text: string): void {
  if (isUpdating()) writeFileSync(path, text)
  expect(readFileSync(path, 'utf8')).toBe(text)
}

/** Whether jest was called with `-u`, of which it informs its own matchers only. */
function isUpdating(): boolean {
  // Its types leave it out.
  const { snapshotState } = expect.getState() as unknown as {
    readonly snapshotState: { readonly _updateSnapshot: string }
  }
  return snapshotState._updateSnapshot === 'all'
}
