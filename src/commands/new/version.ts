import { readdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { EndpointContract } from '../../contract/index.ts'
import { tryContracts } from '../../deploy/import-sources.ts'
import { ConfigError } from '../../kernel/index.ts'
import { type Files, toCamel } from './templates.ts'

interface NewVersion {
  /** Of the new endpoint. */
  readonly name: string
  /** The endpoint that stays beside it. */
  readonly from: string
  /** Default: that of `from`, one version on. */
  readonly path: string | undefined
}

/** An endpoint under another name and at another path, and the contract of the old one, which says that there is a successor. */
export interface VersionFiles {
  readonly files: Files
  readonly deprecated: string
}

/**
 * The files of an endpoint's next version: those of the old one, to be changed. Throws a ConfigError where the old one is no endpoint,
 * is deprecated already, or has a path without a version and none was given.
 */
export async function versionFiles(
  project: string,
  { name, from, path }: NewVersion,
  today = new Date(),
): Promise<VersionFiles> {
  const old = await findEndpoint(project, from)
  const next = path ?? nextPath(old.path)
  if (!next) throw new ConfigError(`the path ${old.path} has no version to go on from, as /v1/… has: give --path`)
  const texts = await readTexts(join(project, 'functions', from))
  const contract = texts['contract.ts'] ?? ''
  const since = today.toISOString().slice(0, 10)
  return {
    files: Object.fromEntries(
      Object.entries(texts).map(([file, text]) => [file, rename(text, { from, name, path: old.path, next })]),
    ),
    deprecated: addAfterPath(contract, old.path, `deprecated: { since: '${since}', use: '${name}' },`),
  }
}

async function findEndpoint(project: string, name: string): Promise<EndpointContract> {
  const { contracts } = await tryContracts(project)
  const found = contracts[name]
  if (found?.kind !== 'endpoint') throw new ConfigError(`functions/${name} is no endpoint that loads`)
  if (found.deprecated) throw new ConfigError(`${name} is deprecated already, since ${found.deprecated.since}`)
  return found
}

/** `/v1/users/{id}` is followed by `/v2/users/{id}`. */
function nextPath(path: string): string | undefined {
  const [, version] = /^\/v(\d+)(?=\/)/.exec(path) ?? []
  return version && path.replace(/^\/v\d+/, `/v${Number(version) + 1}`)
}

async function readTexts(folder: string): Promise<Files> {
  const entries = await readdir(folder, { withFileTypes: true })
  const files = entries.filter((entry) => entry.isFile()).map((entry) => entry.name)
  return Object.fromEntries(
    await Promise.all(files.map(async (file) => [file, await readFile(join(folder, file), 'utf8')])),
  )
}

interface Renaming {
  readonly from: string
  readonly name: string
  readonly path: string
  readonly next: string
}

/** Its name, the constant that is called after it, its path, and the addresses of its test. Where a `location` leads stays. */
function rename(text: string, { from, name, path, next }: Renaming): string {
  const fixed = (template: string) => template.split('{', 1)[0] ?? ''
  const address = new RegExp(
    `(?<!location: ['"\`])${RegExp.escape(fixed(path))}${path.includes('{') ? '' : '(?![\\w/-])'}`,
    'g',
  )
  return text
    .replaceAll(new RegExp(`(['"\`])${from}\\1`, 'g'), `$1${name}$1`)
    .replaceAll(new RegExp(`\\b${toCamel(from)}\\b`, 'g'), toCamel(name))
    .replaceAll(address, fixed(next))
    .replaceAll(`path: '${fixed(next)}${path.slice(fixed(path).length)}'`, `path: '${next}'`)
}

function addAfterPath(contract: string, path: string, part: string): string {
  const [line, indent] = new RegExp(`^([ \\t]*)path: ['"]${RegExp.escape(path)}['"],[ \\t]*$`, 'm').exec(contract) ?? []
  if (line !== undefined) return contract.replace(line, () => `${line}\n${indent}${part}`)
  const [inline] = new RegExp(`path: ['"]${RegExp.escape(path)}['"],`).exec(contract) ?? []
  if (inline !== undefined) return contract.replace(inline, () => `${inline} ${part}`)
  throw new ConfigError(
    `its contract.ts has no path: '${path}' to be found, so that nothing can be added to it: copy it by hand`,
  )
}
