import { appendFile } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { assembleProject } from '../cluster/project.ts'
import { runCommand } from '../cluster/run-command.ts'

/** Two, of which each says a word. */
export const FUNCTIONS = fileURLToPath(new URL('functions', import.meta.url))

/** What a save builds: by Skaffold's own tags, which are made of what an image is built from. */
const SAVES: Readonly<Record<string, readonly string[]>> = {
  'functions/say-one/handler.ts': ['say-one'],
  'functions/say-one/handler.test.ts': [],
  'functions/say-two/contract.ts': ['say-one', 'say-two', 'console', 'gateway', 'migrate', 'relay'],
  'package.json': ['say-one', 'say-two', 'console', 'gateway', 'migrate', 'relay'],
}

/** Saves files of a project of two functions, and compares the images that Skaffold builds again with what a save means. */
export async function tagsAfterSaves(): Promise<string> {
  await using project = await assembleProject(FUNCTIONS)
  let before = await tagsOf(project.root)
  for (const [file, expected] of Object.entries(SAVES)) {
    await appendFile(join(project.root, file), '\n')
    const after = await tagsOf(project.root)
    const again = [...after.keys()].filter((name) => after.get(name) !== before.get(name))
    if (again.sort().join() !== [...expected].sort().join())
      throw new Error(`a save of ${file} builds ${again.join(', ') || 'nothing'}`)
    before = after
  }
  const counts = Object.entries(SAVES).map(([file, { length }]) => `${file}: ${length}`)
  return `of ${before.size} images, by file that was saved: ${counts.join('; ')}`
}

async function tagsOf(cwd: string): Promise<ReadonlyMap<string, string>> {
  const text = await runCommand('skaffold', ['build', '--profile', 'kind', '--dry-run', '--quiet'], { cwd })
  const { builds } = JSON.parse(text)
  return new Map(builds.map(({ imageName, tag }: Build) => [imageName.replace('dev.local/ebb/', ''), tag]))
}

interface Build {
  readonly imageName: string
  readonly tag: string
}
