import { execFileSync } from 'node:child_process'
import { createHash } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'

/** One packed version of a package: the file that `npm pack` wrote. */
interface Packed {
  readonly manifest: { readonly name: string; readonly version: string }
  readonly bytes: Buffer
}

/**
 * A registry on loopback with packages that are not published, as `npm publish` would have put them there; for all others it
 * points to the registry that npm is set to use. Ask it with `npm_config_registry`.
 */
export async function startRegistry() {
  const upstream = execFileSync('npm', ['config', 'get', 'registry'], { encoding: 'utf8' }).trim().replace(/\/$/, '')
  const packages = new Map<string, Packed[]>()
  const server = createServer(({ url: path = '/' }, response) => {
    const [name = '', file] = decodeURIComponent(path.slice(1)).split('/-/')
    const versions = packages.get(name)
    if (!versions) return response.writeHead(307, { location: upstream + path }).end()
    if (file === undefined) return response.setHeader('content-type', 'application/json').end(describe(name, versions))
    const found = versions.find(({ manifest }) => file === `${name}-${manifest.version}.tgz`)
    response.writeHead(found ? 200 : 404).end(found?.bytes)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  const describe = (name: string, versions: readonly Packed[]) =>
    JSON.stringify({
      name,
      'dist-tags': { latest: versions.at(-1)?.manifest.version },
      versions: Object.fromEntries(
        versions.map(({ manifest, bytes }) => {
          const integrity = `sha512-${createHash('sha512').update(bytes).digest('base64')}`
          const tarball = `${url}/${name}/-/${name}-${manifest.version}.tgz`
          return [manifest.version, { ...manifest, dist: { tarball, integrity } }]
        }),
      ),
    })

  return {
    url,
    /** Publishes what `npm pack` wrote. The last one is `latest`. */
    publish: (file: string) => {
      const text = execFileSync('tar', ['xzOf', file, 'package/package.json'], { encoding: 'utf8' })
      const manifest: Packed['manifest'] = JSON.parse(text)
      packages.set(manifest.name, [...(packages.get(manifest.name) ?? []), { manifest, bytes: readFileSync(file) }])
    },
    close: () => {
      server.closeAllConnections()
      server.close()
    },
  }
}
