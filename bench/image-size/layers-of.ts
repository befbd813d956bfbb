import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { tool } from './tool.ts'

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
export async function layersOf(image: string, folder: string): Promise<readonly Layer[]> {
  const inspected = JSON.parse(await tool('buildah', ['inspect', '--type', 'image', image]))
  // In the storage layers lie unpacked, and in the same order.
  const stored: Manifest = JSON.parse(inspected.Manifest)
  const digestFile = join(folder, 'digest')
  await tool('buildah', ['push', '--quiet', '--digestfile', digestFile, image, `oci:${folder}:${image}`])
  const [algorithm = '', hash = ''] = (await readFile(digestFile, 'utf8')).trim().split(':')
  const packed: Manifest = JSON.parse(await readFile(join(folder, 'blobs', algorithm, hash), 'utf8'))
  return packed.layers.map(({ digest, size }, i) => ({ digest, packedBytes: size, bytes: stored.layers[i]?.size ?? 0 }))
}
