import { createRequire } from 'node:module'
import { Script } from 'node:vm'

/** Runs a CommonJS bundle in this realm without the module cache, so that it can be collected; answers its exports. */
export function runBundle<Exports extends object>(text: string, filename: string): Partial<Exports> {
  const module: { exports: Partial<Exports> } = { exports: {} }
  const run = new Script(`(function (exports, require, module) {${text}\n})`, { filename }).runInThisContext()
  run(module.exports, createRequire(filename), module)
  return module.exports
}
