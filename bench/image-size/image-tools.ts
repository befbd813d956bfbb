import { execFile } from 'node:child_process'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { inheritedEnv } from '../../src/kernel/index.ts'

const MAX_OUTPUT_BYTES = 64 * 1024 * 1024

/** Runs a program to its end; resolves to its output. Rejects with its error output where it fails. */
export function runTool(name: string, args: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile(name, args, { env: toolEnv(), maxBuffer: MAX_OUTPUT_BYTES }, (error, stdout, stderr) => {
      if (error) reject(new Error(`${name} ${args.join(' ')}\n${stdout}${stderr}`, { cause: error }))
      else resolve(stdout.trim())
    })
  })
}

/** Buildah would take crun where that is, which not every machine's cgroups let work. */
const toolEnv = () => ({ BUILDAH_RUNTIME: 'runc', ...inheritedEnv(['PATH', 'HOME', 'BUILDAH_RUNTIME', ...PROXIES]) })
const PROXIES = ['HTTP_PROXY', 'HTTPS_PROXY', 'NO_PROXY', 'http_proxy', 'https_proxy', 'no_proxy']

export interface Layer {
  /** Of its packed bytes, as a registry knows it. */
  readonly digest: string
  /** Of its files, as an archive. */
  readonly bytes: number
  readonly packedBytes: number
}

interface Manifest {
  readonly layers: readonly { readonly digest: string; readonly size: number }[]
}

/** The layers of an image, the lowest first. Packs them into `folder`, an OCI layout, each of them once only. */
export async function readLayers(image: string, folder: string): Promise<readonly Layer[]> {
  const inspected = JSON.parse(await runTool('buildah', ['inspect', '--type', 'image', image]))
  // In the storage layers lie unpacked, and in the same order.
  const stored: Manifest = JSON.parse(inspected.Manifest)
  const digestFile = join(folder, 'digest')
  await runTool('buildah', ['push', '--quiet', '--digestfile', digestFile, image, `oci:${folder}:${image}`])
  const [algorithm = '', hash = ''] = (await readFile(digestFile, 'utf8')).trim().split(':')
  const packed: Manifest = JSON.parse(await readFile(join(folder, 'blobs', algorithm, hash), 'utf8'))
  return packed.layers.map(({ digest, size }, i) => ({ digest, packedBytes: size, bytes: stored.layers[i]?.size ?? 0 }))
}
