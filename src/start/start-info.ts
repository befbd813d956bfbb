import type { Script } from 'node:vm'

/** The global symbol under which the build's warm-up finds the scripts that the start file has run. */
export const START_INFO = Symbol.for('ebb.started')

/** What the start file passes to the bundle that it runs, as the parameter `ebbStart`. */
export interface StartInfo {
  /** When Node had started and began to load the bundle, on the clock of `performance.now()`. */
  readonly loadingAt: number
  /** The loaded scripts by their files; a code cache can be created of each. */
  readonly scripts: ReadonlyMap<string, Script>
  /** Parts whose code cache exists and does not fit: it is of other bytes, another Node or other flags. */
  readonly ignored: readonly string[]
  /** Maps a stack to the sources, by the source maps beside the bundle. */
  readonly mapStack: (stack: string) => string
  /** Shares modules of the bundle with its lazy parts, so that none exists twice. */
  share(modules: Readonly<Record<string, object>>): void
}

/** The parameter that the start file passes to the bundle; not declared where sources or services run without one. */
declare const ebbStart: StartInfo | undefined

/** What the start file of an image passed to the bundle, where there is one. */
export const startInfo = (): StartInfo | undefined => (typeof ebbStart === 'undefined' ? undefined : ebbStart)
