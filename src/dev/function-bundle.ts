import type { Bundle } from '../build/index.ts'

/** The bundle of a function, which is built on first use. */
export interface FunctionBundle {
  /** Builds it on the first call. */
  get(): Promise<Bundle>
  /** Its revision; undefined if it is not built, or does not build. */
  revision(): Promise<string | undefined>
  /**
   * Whether it has to be built again after these files have changed. One that was never built does not: it is built on the
   * function's first call. One that did not build may be fixed by any change.
   */
  isStale(isChanged: (file: string) => boolean): Promise<boolean>
}

/** A bundle that exists already. */
export const builtBundle = (bundle: Bundle): FunctionBundle => fromBuilding(() => Promise.resolve(bundle), true)

/** A bundle that is built on first use. */
export const lazyBundle = (build: () => Promise<Bundle>): FunctionBundle => fromBuilding(build, false)

function fromBuilding(build: () => Promise<Bundle>, now: boolean): FunctionBundle {
  let building = now ? build() : undefined
  const built = () => building?.catch(() => undefined)
  return {
    get: () => (building ??= build()),
    revision: async () => (await built())?.revision,
    isStale: async (isChanged) => {
      if (!building) return false
      const inputs = (await built())?.inputs
      return !inputs || [...inputs].some(isChanged)
    },
  }
}
