export interface PreloadOptions {
  /** Where the cache data is written to. */
  readonly folder: string
  /** The ports of the in-memory stores on loopback; connections to anything else are refused. */
  readonly ports: readonly number[]
}

/**
 * The text of the CommonJS file that an image preloads while it is warmed up. It refuses all connections but those to
 * `ports`, and all child processes. At SIGUSR2 it lets the function shut down as SIGTERM does, with responses and exports
 * sent. Then it writes the V8 cache data of each part that was used to `folder`, below the name of this Node.
 */
export const preloadText = ({ folder, ports }: PreloadOptions): string =>
  `'use strict'\n;(${blockNetwork})(${JSON.stringify(ports)})\n;(${writeCachesOnExit})(${JSON.stringify(folder)})\n`

// Both run in another process, as their own text, so they can use nothing of this module. A file of their own would have to
// be located, and a source that may be bundled cannot say where it is.

function blockNetwork(ports: readonly number[]) {
  const programs = process.getBuiltinModule('node:child_process')
  const dns = process.getBuiltinModule('node:dns')
  const dgram = process.getBuiltinModule('node:dgram')
  const { Socket } = process.getBuiltinModule('node:net')
  const isLoopback = (host: unknown) =>
    /^(localhost|127(\.\d+){3}|::1|::ffff:127(\.\d+){3})$/.test(String(host || 'localhost'))
  const createError = (target: string, code: string) =>
    Object.assign(new Error(`${code}: a warm-up can reach only its in-memory stores, and not ${target}`), { code })

  const { connect } = Socket.prototype
  Socket.prototype.connect = function (...args: unknown[]) {
    // An array, as node:net passes arguments on; otherwise (options), (path) or (port, host).
    const [first, second] = Array.isArray(args[0]) ? args[0] : args
    const isObject = typeof first === 'object' && first !== null
    const options: { readonly host?: unknown; readonly path?: unknown; readonly port?: unknown } = isObject
      ? first
      : Number.isNaN(Number(first))
        ? { path: first }
        : { port: first, host: typeof second === 'string' ? second : undefined }
    const { path, host, port } = options
    if (!path && isLoopback(host) && ports.includes(Number(port))) return connect.apply(this, args as never)
    const error = createError(String(path || `${host || 'localhost'}:${port}`), 'ECONNREFUSED')
    process.nextTick(() => this.destroy(error))
    return this
  }

  // A child process could reach anything.
  const refuseProgram = (program: unknown) => {
    throw createError(`the program ${program}`, 'EPERM')
  }
  Reflect.set(programs.ChildProcess.prototype, 'spawn', ({ file }: { file: unknown }) => refuseProgram(file))
  for (const name of ['spawnSync', 'execFileSync', 'execSync'] as const) Reflect.set(programs, name, refuseProgram)

  // The callback of a datagram is optional.
  dgram.Socket.prototype.send = (...args: unknown[]) => {
    const callback = args.at(-1)
    if (typeof callback === 'function')
      process.nextTick(callback as (error: Error) => void, createError('UDP', 'ECONNREFUSED'))
  }

  for (const names of [dns, dns.Resolver.prototype, dns.promises, dns.promises.Resolver.prototype]) {
    // Its functions are replaced by name.
    const resolver = names as unknown as Record<string, unknown>
    for (const name of Object.getOwnPropertyNames(names)) {
      const resolve = resolver[name]
      if (typeof resolve !== 'function' || !/^(lookup|resolve|reverse)/.test(name)) continue
      resolver[name] = function (this: unknown, ...args: unknown[]) {
        if (name === 'lookup' && isLoopback(args[0])) return resolve.apply(this, args)
        const error = createError(String(args[0]), 'ENOTFOUND')
        const callback = args.at(-1)
        if (typeof callback !== 'function') return Promise.reject(error)
        process.nextTick(callback as (error: Error) => void, error)
        return undefined
      }
    }
  }
}

function writeCachesOnExit(folder: string) {
  const { mkdirSync, writeFileSync } = process.getBuiltinModule('node:fs')
  const { basename } = process.getBuiltinModule('node:path')
  const write = () => {
    // Set by the start file: the scripts that it has run.
    const { scripts } = Reflect.get(globalThis, Symbol.for('ebb.started'))
    const target = `${folder}/${process.version}-${process.arch}`
    mkdirSync(target, { recursive: true })
    for (const [file, script] of scripts) writeFileSync(`${target}/${basename(file)}`, script.createCachedData())
  }
  process.once('SIGUSR2', () => {
    process.once('exit', (code) => {
      if (code === 0) write()
    })
    if (!process.emit('SIGTERM')) process.exit(0)
  })
}
