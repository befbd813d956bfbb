/**
 * node bench/image-size/run.ts [NAME…]
 *
 * Builds images with buildah, and prints how large each is and which layers they share: on disk, and packed as a registry
 * holds them. A machine that has one of them fetches of the next one what is its own.
 */
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildImage, findMissingTools } from './build-image.ts'
import { type Layer, readLayers } from './image-tools.ts'

const given = process.argv.slice(2)
const names = given.length > 0 ? given : ['place-order', 'send-welcome-email', 'gateway', 'relay']

const why = findMissingTools()
if (why) {
  console.error(`No image can be built here: ${why}.`)
  process.exit(1)
}

const images = new Map<string, readonly Layer[]>()
const folder = await mkdtemp(join(tmpdir(), 'ebb-image-size-'))
for (const name of names) images.set(name, await readLayers(await buildImage(name), folder))
await rm(folder, { recursive: true })

const layers = new Map([...images.values()].flat().map((layer) => [layer.digest, layer]))
const holdersOf = ({ digest }: Layer) =>
  names.filter((name) => images.get(name)?.some((layer) => layer.digest === digest))
const mb = (sizes: readonly number[]) => (sizes.reduce((sum, size) => sum + size, 0) / 1_000_000).toFixed(1)

console.log('Images')
console.table(
  names.map((name) => {
    const all = images.get(name) ?? []
    const own = all.filter((layer) => holdersOf(layer).length === 1)
    return {
      ...{ name, layers: all.length, MB: mb(all.map(({ bytes }) => bytes)) },
      'MB packed': mb(all.map(({ packedBytes }) => packedBytes)),
      'of its own': mb(own.map(({ packedBytes }) => packedBytes)),
    }
  }),
)
console.log('Layers')
console.table(
  [...layers.values()].map((layer) => ({
    layer: layer.digest.replace('sha256:', '').slice(0, 12),
    MB: mb([layer.bytes]),
    'MB packed': mb([layer.packedBytes]),
    'held by': holdersOf(layer).length === names.length ? 'all' : holdersOf(layer).join(', '),
  })),
)
