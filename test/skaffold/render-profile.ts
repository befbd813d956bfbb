import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse, parseAllDocuments } from 'yaml'
import { runCommand } from '../cluster/run-command.ts'

/** Skaffold takes the file, and puts each image that it builds, by its tag, where the manifests name it. */
export async function renderProfile(profile: string): Promise<string> {
  await runCommand('skaffold', ['diagnose', '--yaml-only', '--profile', profile])
  const { build } = parse(await readFile('skaffold.yaml', 'utf8'))
  const images: readonly string[] = build.artifacts.map(({ image }: { image: string }) => image)
  const builds = images.map((imageName) => ({ imageName, tag: `${imageName}:as-built` }))
  const folder = await mkdtemp(join(tmpdir(), 'ebb-skaffold-'))
  const file = join(folder, 'builds.json')
  await writeFile(file, JSON.stringify({ builds }))
  const words = ['render', '--offline=true', '--profile', profile, '--build-artifacts', file, '--digest-source', 'none']
  const rendered = await runCommand('skaffold', words, { limitMs: 120_000 })
  await rm(folder, { recursive: true })
  const named = new Set(rendered.match(/dev\.local\/ebb\/\S+/g))
  const asBuilt = builds.map(({ tag }) => tag).filter((tag) => named.delete(tag))
  if (named.size > 0) throw new Error(`it has left ${[...named].join(', ')}`)
  const unused = images.filter((image) => !asBuilt.includes(`${image}:as-built`))
  if (unused.join() !== OPTIONAL) throw new Error(`no manifest has ${unused.join(', ')}`)
  return `${parseAllDocuments(rendered).length} manifests, and each of ${asBuilt.length} images in its place`
}

/** Of a component that an overlay of one's own adds. */
const OPTIONAL = 'dev.local/ebb/console'
