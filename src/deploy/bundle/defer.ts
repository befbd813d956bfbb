import { createRequire } from 'node:module'
import { join } from 'node:path'
import type { Plugin } from 'esbuild'
import { LAZY_BUILTINS, LAZY_PARTS, LEFT_OUT, SAID_ALREADY, SHARED } from './lazy-parts.ts'

const alternatives = (names: readonly string[]) => new RegExp(`^(${names.join('|').replaceAll('/', '\\/')})$`)
const BUILTIN = new RegExp(`^(node:)?(${LAZY_BUILTINS.join('|')})$`)

/** Puts in the place of each costly module of Node a stand-in that loads it on first use. */
export function deferBuiltins(root: string): Plugin {
  const require = createRequire(join(root, 'package.json'))
  return {
    name: 'defer-builtins',
    setup: ({ onResolve, onLoad }) => {
      onResolve({ filter: BUILTIN }, ({ path }) => ({ path: `node:${path.replace('node:', '')}`, namespace: 'lazy' }))
      onResolve({ filter: /^now:/ }, ({ path }) => ({ path: path.slice('now:'.length), external: true }))
      onLoad({ filter: /./, namespace: 'lazy' }, ({ path }) => ({ contents: standIn(path, require(path)) }))
    },
  }
}

/** Puts in the place of each lazy part a stand-in, too, and leaves out of the bundle what it will not use. */
export function deferParts({ frontDoor }: { readonly frontDoor: string }): Plugin {
  return {
    name: 'defer-parts',
    setup: ({ onResolve, onLoad, initialOptions: { absWorkingDir: resolveDir = '' } }) => {
      onResolve({ filter: alternatives(LAZY_PARTS) }, ({ path }) => ({ path, namespace: 'lazy' }))
      onResolve({ filter: alternatives(Object.keys(LEFT_OUT)) }, ({ path }) => ({ path, namespace: 'left-out' }))
      onLoad({ filter: /./, namespace: 'left-out' }, ({ path }) => ({ contents: LEFT_OUT[path] ?? '' }))
      onLoad({ filter: SAID_ALREADY }, () => ({ contents: NOTHING_TO_CHECK }))
      // The package says that importing alone does nothing, which is true of all but this file.
      onResolve({ filter: /^ebb:front-door$/ }, () => ({ path: frontDoor, sideEffects: true }))
      onResolve({ filter: /^ebb:shared$/ }, ({ path }) => ({ path, namespace: 'shared' }))
      onLoad({ filter: /./, namespace: 'shared' }, () => ({ contents: share(), resolveDir }))
    },
  }
}

const NOTHING_TO_CHECK = 'export const checkEndpoint = () => {}, checkSubscriber = () => {}'

/** A module with the names of another, which is loaded when one of them is used. */
function standIn(path: string, real: object): string {
  const names = JSON.stringify(Object.keys(real))
  return `
    let real
    const load = () => (real ??= require(${JSON.stringify(`now:${path}`)}))
    const get = (name) => ({ enumerable: true, configurable: true, get: () => load()[name] })
    module.exports = Object.defineProperties({}, Object.fromEntries(${names}.map((name) => [name, get(name)])))
    ${path === 'node:crypto' ? WEBCRYPTO : ''}`
}

/**
 * What a first request needs of it is the Web Crypto API, which costs less than all of node:crypto. pg takes `subtle` as
 * soon as it is loaded, long before it has a password to prove.
 */
const WEBCRYPTO = `
  const later = (names, of) => Object.fromEntries(names.map((name) => [name, (...given) => of()[name](...given)]))
  const subtle = later(['digest', 'importKey', 'deriveBits', 'sign', 'verify'], () => globalThis.crypto.subtle)
  const web = later(['getRandomValues', 'randomUUID'], () => globalThis.crypto)
  Object.defineProperty(module.exports, 'webcrypto', { value: { ...web, subtle }, enumerable: true })
  Object.defineProperty(module.exports, 'randomUUID', { value: web.randomUUID, enumerable: true })`

// Compiled parsers pay from some thousand requests on, and each first one costs a cold start more than that.
const share = () => `
  import { config } from 'zod/v4/core'
  config({ jitless: true })
  ${SHARED.map((name, i) => `import * as s${i} from '${name}'`).join('\n')}
  ebbStart.share({ ${SHARED.map((name, i) => `'${name}': s${i}`).join(', ')} })`
