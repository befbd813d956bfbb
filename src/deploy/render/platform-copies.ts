import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { RenderError } from './manifest.ts'

const CHART = 'charts/ebb'

/**
 * The files of the platform that a project has copies of, by their path in the project: the chart, since Helm installs a
 * folder, and what builds the images. Empty where project and platform are one folder. Throws a RenderError for a file in the
 * project's chart that is not the platform's: it would be installed, too.
 */
export function readPlatformCopies(platform: string, project: string): Readonly<Record<string, string>> {
  if (platform === project) return {}
  const chart = filesIn(join(platform, CHART))
  const foreign = filesIn(join(project, CHART)).filter((file) => !chart.includes(file) && file !== 'functions.yaml')
  if (foreign.length > 0) throw new RenderError(foreign.map(describeForeign))
  const read = (file: string) => readFileSync(join(platform, file), 'utf8')
  // A packed Ebb is a file of the project, and the sources of an owned one are a workspace: both are needed to install packages.
  const extra = ['vendor', 'ebb'].filter((folder) => existsSync(join(project, folder)))
  return {
    ...Object.fromEntries(chart.map((file) => [`${CHART}/${file}`, read(`${CHART}/${file}`)])),
    Dockerfile: insertAfter(
      read('Dockerfile'),
      COPY_MANIFESTS,
      extra.map((folder) => `COPY ${folder} ./${folder}`),
    ),
    '.dockerignore': insertAfter(
      read('.dockerignore').replace(/^!(src|services)\n/gm, ''),
      '!domain',
      extra.map((folder) => `!${folder}`),
    ),
  }
}

const COPY_MANIFESTS = 'COPY package.json package-lock.json .npmrc ./'

function insertAfter(text: string, line: string, added: readonly string[]): string {
  if (!text.includes(`${line}\n`)) throw new Error(`there is no line ${line}`)
  return text.replace(`${line}\n`, `${[line, ...added].join('\n')}\n`)
}

const describeForeign = (file: string) =>
  `${CHART}/${file} is not of this version of Ebb's chart: delete it, or move it into a chart of your own beside ${CHART}`

/** The files below a folder, by their relative paths; none where there is no such folder. */
function filesIn(folder: string): readonly string[] {
  if (!existsSync(folder)) return []
  const entries = readdirSync(folder, { recursive: true, withFileTypes: true }).filter((entry) => entry.isFile())
  return entries.map(({ parentPath, name }) => relative(folder, join(parentPath, name))).sort()
}
