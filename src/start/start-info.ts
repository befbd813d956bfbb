import type { Script } from 'node:vm'

/** Where the build's warm-up finds what the start file has run. */
export const START_INFO = Symbol.for('ebb.started')

/** What the start file tells the bundle that it runs, under the name `ebbStart`. */
export interface StartInfo {
  /** On the clock of `performance.now()`: when Node had started and the loading of the bundle began. */
  readonly loadingAt: number
  /** What has been loaded, by its file; a code cache can be made of each. */
  readonly scripts: ReadonlyMap<string, Script>
  /** Parts whose code cache is there and does not fit: it was made of other bytes, by another Node or with other flags. */
  readonly ignored: readonly string[]
  /** A stack in terms of the sources, by the source maps beside the bundle. */
  readonly mapStack: (stack: string) => string
  /** Offers modules of the bundle to its lazy parts, so that none exists twice. */
  share(modules: Readonly<Record<string, object>>): void
}

/** Given by the start file to the bundle that it runs; not there where sources or services run by themselves. */
declare const ebbStart: StartInfo | undefined

/** What the start file of an image tells, where there was one. */
export const startInfo = (): StartInfo | undefined => (typeof ebbStart === 'undefined' ? undefined : ebbStart)
