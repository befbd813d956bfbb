import { type BuildOptions, type BuildResult, build, type Message } from 'esbuild'

/** What runs from its source and cannot be built, by what esbuild says of it, and what to write instead. */
const REMEDIES: readonly (readonly [said: RegExp, remedy: string])[] = [
  [
    /"?import\.meta"? is not available/,
    'Once it is built, a function has no files beside it: import data as JSON, `import x from "./x.json" with { type: "json" }`, ' +
      'and keep any other text in a .ts file that exports it.',
  ],
  [
    /Top-level await is/,
    'Await it in the handler, or keep its promise at the top, `const ready = load()`, and await that in the handler.',
  ],
  [
    /No loader is configured for/,
    'A function can import .ts, .js and .json files: keep any other text in a .ts file that exports it.',
  ],
]
const LOST = 'empty-import-meta'
const PACKAGES = /(^|\/)node_modules\//

/**
 * Builds, and rejects with a BuildFailure whose faults say what to write instead. What esbuild only warns of is one, too,
 * where a source would do something else once it is built.
 */
export async function buildOrSay<Options extends BuildOptions>(options: Options): Promise<BuildResult<Options>> {
  try {
    const result = await build<Options>(options as never)
    // Packages look whether it is there.
    const lost = result.warnings.filter(({ id, location }) => id === LOST && !PACKAGES.test(location?.file ?? ''))
    if (lost.length === 0) return result
    throw Object.assign(new Error('it would not do what its source does'), { errors: lost })
  } catch (fault) {
    const { errors } = Object(fault) as { errors?: readonly Message[] }
    throw errors
      ? Object.assign(new Error('it cannot be built', { cause: fault }), { errors: errors.map(remedied) })
      : fault
  }
}

function remedied(message: Message): Message {
  const remedy = REMEDIES.find(([said]) => said.test(message.text))?.[1]
  return remedy ? { ...message, notes: [{ text: remedy, location: null }] } : message
}
