import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

export const NOTICES = 'THIRD-PARTY-NOTICES.txt'
export const BILL_OF_MATERIALS = 'sbom.cdx.json'

interface Component {
  readonly name: string
  readonly version: string
  /** An SPDX expression, where the package names its licence. */
  readonly license?: string
  /** The licence as its authors wrote it, with their copyright. */
  readonly text: string
}

/**
 * Writes beside a program what it is made of, from the folders of the installed packages: their licences, which ask to
 * go with every copy, and a bill of materials (CycloneDX 1.6) for scanners, to which a bundle is only one file. The same
 * packages give the same bytes.
 */
export async function writeInventory(name: string, folder: string, packages: Iterable<string>): Promise<void> {
  const read = await Promise.all([...new Set(packages)].map(readComponent))
  // Two copies of one version are one ingredient.
  const byPurl = new Map(read.map((ingredient) => [purlOf(ingredient), ingredient] as const))
  const ingredients = [...byPurl.values()].sort((a, b) => (purlOf(a) < purlOf(b) ? -1 : 1))
  await writeFile(join(folder, NOTICES), renderNotices(ingredients))
  await writeFile(
    join(folder, BILL_OF_MATERIALS),
    `${JSON.stringify(renderBillOfMaterials(name, ingredients), undefined, 2)}\n`,
  )
}

async function readComponent(folder: string): Promise<Component> {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  const text =
    (await readLicenceFiles(folder)) || (await readLicenceInReadme(folder)) || 'It comes without the text of a licence.'
  return { name, version, text, ...(typeof license === 'string' ? { license } : {}) }
}

/** Also those of what a package has taken in itself, which some keep in a folder. */
async function readLicenceFiles(folder: string): Promise<string> {
  const found = (await readdir(folder)).filter((name) => /^(licen[cs]e|notice|copying)/i.test(name)).sort()
  const texts = found.map(async (name) => {
    const path = join(folder, name)
    return (await stat(path)).isDirectory() ? readFolder(path) : readFile(path, 'utf8')
  })
  return (await Promise.all(texts)).map((text) => text.trim()).join('\n\n')
}

async function readFolder(folder: string): Promise<string> {
  const files = await readdir(folder, { recursive: true, withFileTypes: true })
  const texts = files
    .filter((file) => file.isFile())
    .map(({ parentPath, name }) => readFile(join(parentPath, name), 'utf8'))
  return (await Promise.all(texts)).join('\n\n')
}

async function readLicenceInReadme(folder: string): Promise<string | undefined> {
  const readme = (await readdir(folder)).find((file) => /^readme/i.test(file))
  return readme && /^#* *licen[cs]e\b.*/ims.exec(await readFile(join(folder, readme), 'utf8'))?.[0].trim()
}

/** Each licence once, below the packages that have it to the letter. */
function renderNotices(ingredients: readonly Component[]): string {
  const under = Map.groupBy(ingredients, ({ text }) => text)
  const sections = under.entries().map(([text, those]) => {
    const heads = those.map(({ name, version, license = 'of unnamed licence' }) => `${name} ${version} (${license})\n`)
    return `${RULE}\n${heads.join('')}${RULE}\n${text}\n`
  })
  return ['Parts of these packages are in this program, under these licences.\n', ...sections].join('\n')
}
const RULE = '='.repeat(80)

/** https://cyclonedx.org/docs/1.6/json */
const renderBillOfMaterials = (name: string, ingredients: readonly Component[]) => ({
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  version: 1,
  metadata: { component: { type: 'application', 'bom-ref': name, name } },
  components: [
    // The very one that builds runs it, too: a code cache is good for no other.
    {
      ...{ type: 'platform', 'bom-ref': 'node', name: 'node', version: process.versions.node },
      cpe: `cpe:2.3:a:nodejs:node.js:${process.versions.node}:*:*:*:*:*:*:*`,
    },
    ...ingredients.map((ingredient) => ({
      ...{ type: 'library', 'bom-ref': purlOf(ingredient), name: ingredient.name, version: ingredient.version },
      ...(ingredient.license ? { licenses: [{ expression: ingredient.license }] } : {}),
      purl: purlOf(ingredient),
    })),
  ],
})

/** https://github.com/package-url/purl-spec */
const purlOf = ({ name, version }: Component) => `pkg:npm/${name.replace('@', '%40')}@${version}`
