import { readdir, readFile, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'

/** The file of an image with the licences of all that is in it. */
export const NOTICES = 'THIRD-PARTY-NOTICES.txt'
/** The file of an image with its software bill of materials (CycloneDX). */
export const BILL_OF_MATERIALS = 'sbom.cdx.json'

interface Component {
  readonly name: string
  readonly version: string
  /** An SPDX expression, where the package declares its licence. */
  readonly license?: string
  /** The text of the licence, with its copyright. */
  readonly text: string
}

/**
 * Writes beside a program which packages it consists of, from the folders of the installed packages: their licences, which
 * must accompany every copy, and a bill of materials (CycloneDX 1.6) for scanners, to which a bundle is only one file. The
 * same packages give the same bytes.
 */
export async function writeInventory(name: string, folder: string, packages: Iterable<string>): Promise<void> {
  const read = await Promise.all([...new Set(packages)].map(readComponent))
  // Two copies of one version are one component.
  const byPurl = new Map(read.map((component) => [purlOf(component), component] as const))
  const components = [...byPurl.values()].sort((a, b) => (purlOf(a) < purlOf(b) ? -1 : 1))
  await writeFile(join(folder, NOTICES), renderNotices(components))
  await writeFile(
    join(folder, BILL_OF_MATERIALS),
    `${JSON.stringify(renderBillOfMaterials(name, components), undefined, 2)}\n`,
  )
}

async function readComponent(folder: string): Promise<Component> {
  const { name, version, license } = JSON.parse(await readFile(join(folder, 'package.json'), 'utf8'))
  const text =
    (await readLicenceFiles(folder)) || (await readLicenceInReadme(folder)) || 'It comes without the text of a licence.'
  return { name, version, text, ...(typeof license === 'string' ? { license } : {}) }
}

/** Also the licences of what a package contains itself, which some keep in a folder. */
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

/** Each licence once, below the packages with exactly this text. */
function renderNotices(components: readonly Component[]): string {
  const under = Map.groupBy(components, ({ text }) => text)
  const sections = under.entries().map(([text, those]) => {
    const heads = those.map(({ name, version, license = 'of unnamed licence' }) => `${name} ${version} (${license})\n`)
    return `${RULE}\n${heads.join('')}${RULE}\n${text}\n`
  })
  return ['Parts of these packages are in this program, under these licences.\n', ...sections].join('\n')
}
const RULE = '='.repeat(80)

/** https://cyclonedx.org/docs/1.6/json */
const renderBillOfMaterials = (name: string, components: readonly Component[]) => ({
  bomFormat: 'CycloneDX',
  specVersion: '1.6',
  version: 1,
  metadata: { component: { type: 'application', 'bom-ref': name, name } },
  components: [
    // The Node that builds is the one that runs it: a code cache is valid for no other.
    {
      ...{ type: 'platform', 'bom-ref': 'node', name: 'node', version: process.versions.node },
      cpe: `cpe:2.3:a:nodejs:node.js:${process.versions.node}:*:*:*:*:*:*:*`,
    },
    ...components.map((component) => ({
      ...{ type: 'library', 'bom-ref': purlOf(component), name: component.name, version: component.version },
      ...(component.license ? { licenses: [{ expression: component.license }] } : {}),
      purl: purlOf(component),
    })),
  ],
})

/** https://github.com/package-url/purl-spec */
const purlOf = ({ name, version }: Component) => `pkg:npm/${name.replace('@', '%40')}@${version}`
