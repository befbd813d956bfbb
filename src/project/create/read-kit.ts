import { existsSync } from 'node:fs'
import { readdir, readFile } from 'node:fs/promises'
import { join, relative } from 'node:path'
import { PLATFORM, PLATFORM_PACKAGE, readPlatformManifest } from '../../deploy/platform-files.ts'
import { FORGES } from '../pipeline/forges.ts'
import { pipelineFile } from '../pipeline/pipeline-files.ts'
import type { CreateKit } from './project-files.ts'

/** What this Ebb creates projects of: its template, and the shop, which is this checkout's own project or the package's example. */
export async function readKit(): Promise<CreateKit> {
  const packaged = join(PLATFORM_PACKAGE, 'example')
  const example = existsSync(packaged) ? packaged : PLATFORM_PACKAGE
  const shop = { ...(await readTexts(example, 'functions')), ...(await readTexts(example, 'domain')) }
  const template = await readTexts(join(PLATFORM, 'src/project/create/template'))
  return {
    version: readPlatformManifest().version,
    packages: JSON.parse(await readFile(join(PLATFORM, 'src/project/project-dependencies.json'), 'utf8')),
    template: Object.fromEntries(Object.entries(template).filter(([file]) => !isScript(file))),
    scripts: Object.fromEntries(
      Object.entries(template).flatMap(([file, text]) => (isScript(file) ? [[file.replace('_', '.'), text]] : [])),
    ),
    pipelines: Object.fromEntries(FORGES.map((forge) => [forge, pipelineFile(forge)])),
    shop: Object.fromEntries(Object.entries(shop).filter(([, text]) => !OF_THE_CHECKOUT.test(text))),
  }
}

/** The steps of pipelines, which projects get that were created before there were any. */
const isScript = (file: string) => file.startsWith('_ci/')

/** What imports from the checkout around it is no part of the example. */
const OF_THE_CHECKOUT = /from '(\.\.\/)+(src|services|test)\//

/** The texts of the files below a folder, by their paths from `root`; none where there is no such folder. */
async function readTexts(root: string, folder = ''): Promise<Readonly<Record<string, string>>> {
  if (!existsSync(join(root, folder))) return {}
  const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map(({ parentPath, name }) => join(parentPath, name))
  const texts = await Promise.all(
    files.sort().map(async (file) => [relative(root, file), await readFile(file, 'utf8')]),
  )
  return Object.fromEntries(texts)
}
