export interface PreloadOptions {
  /** Where cache data goes. */
  readonly folder: string
  /** The ports of loopback that stand in for the world: nothing else is reached. */
  readonly ports: readonly number[]
}

/**
 * What an image loads before its start file while it is warmed up, as the text of a CommonJS file. It refuses every
 * connection but those to `ports`, and every other program. At SIGUSR2 it lets the function end as SIGTERM would, answers
 * and exports written. Then it puts the V8 cache data of each part that was used into `folder`, below the name of this Node.
 */
export const preloadText = ({ folder, ports }: PreloadOptions): string =>
  `'use strict'\n;(${blockNetwork})(${JSON.stringify(ports)})\n;(${writeCachesOnExit})(${JSON.stringify(folder)})\n`

// Both run in another process, as their own text: they can use nothing of this module. A file of their own would have
// to be found, and a source that may be bundled cannot say where it is.

function blockNetwork(ports: readonly number[]) {
  const programs = process.getBuiltinModule('node:child_process')
  const dns = process.getBuiltinModule('node:dns')
  const dgram = process.getBuiltinModule('node:dgram')
  const { Socket } = process.getBuiltinModule('node:net')
  const isLoopback = (host: unknown) =>
    /^(localhost|127(\.\d+){3}|::1|::ffff:127(\.\d+){3})$/.test(String(host || 'localhost'))
  const faultOf = (what: string, code: string) =>
    Object.assign(new Error(`${code}: a warm-up reaches its own stand-ins only, and not ${what}`), { code })

  const { connect } = Socket.prototype
  Socket.prototype.connect = function (...all: unknown[]) {
    // As node:net itself hands arguments on, or as everybody else does: (options), (path) or (port, host).
    const [first, second] = Array.isArray(all[0]) ? all[0] : all
    const isObject = typeof first === 'object' && first !== null
    const given: { readonly host?: unknown; readonly path?: unknown; readonly port?: unknown } = isObject
      ? first
      : Number.isNaN(Number(first))
        ? { path: first }
        : { port: first, host: typeof second === 'string' ? second : undefined }
    const { path, host, port } = given
    if (!path && isLoopback(host) && ports.includes(Number(port))) return connect.apply(this, all as never)
    const fault = faultOf(String(path || `${host || 'localhost'}:${port}`), 'ECONNREFUSED')
    process.nextTick(() => this.destroy(fault))
    return this
  }

  // A program of its own could reach anything.
  const refuseProgram = (program: unknown) => {
    throw faultOf(`the program ${program}`, 'EPERM')
  }
  Reflect.set(programs.ChildProcess.prototype, 'spawn', ({ file }: { file: unknown }) => refuseProgram(file))
  for (const name of ['spawnSync', 'execFileSync', 'execSync'] as const) Reflect.set(programs, name, refuseProgram)

  // Nobody waits for what becomes of a datagram.
  dgram.Socket.prototype.send = (...all: unknown[]) => {
    const tell = all.at(-1)
    if (typeof tell === 'function') process.nextTick(tell as (fault: Error) => void, faultOf('UDP', 'ECONNREFUSED'))
  }

  for (const names of [dns, dns.Resolver.prototype, dns.promises, dns.promises.Resolver.prototype]) {
    const asked = names as unknown as Record<string, unknown>
    for (const name of Object.getOwnPropertyNames(names)) {
      const ask = asked[name]
      if (typeof ask !== 'function' || !/^(lookup|resolve|reverse)/.test(name)) continue
      asked[name] = function (this: unknown, ...all: unknown[]) {
        if (name === 'lookup' && isLoopback(all[0])) return ask.apply(this, all)
        const fault = faultOf(String(all[0]), 'ENOTFOUND')
        const tell = all.at(-1)
        if (typeof tell !== 'function') return Promise.reject(fault)
        process.nextTick(tell as (fault: Error) => void, fault)
        return undefined
      }
    }
  }
}

function writeCachesOnExit(folder: string) {
  const { mkdirSync, writeFileSync } = process.getBuiltinModule('node:fs')
  const { basename } = process.getBuiltinModule('node:path')
  const write = () => {
    // Where the start file says what it has run.
    const { scripts } = Reflect.get(globalThis, Symbol.for('ebb.started'))
    const ours = `${folder}/${process.version}-${process.arch}`
    mkdirSync(ours, { recursive: true })
    for (const [file, script] of scripts) writeFileSync(`${ours}/${basename(file)}`, script.createCachedData())
  }
  process.once('SIGUSR2', () => {
    process.once('exit', (code) => {
      if (code === 0) write()
    })
    if (!process.emit('SIGTERM')) process.exit(0)
  })
}
