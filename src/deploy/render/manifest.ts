import { stringify } from 'yaml'

/** An object as Kubernetes takes it, or a document as another tool does. */
export type Manifest = Readonly<Record<string, unknown>>

export const HEADER = '# Rendered by `ebb render`. Do not edit.'

/** As YAML that Go's parsers read alike, which take more words for something else than texts. */
export const toYaml = (document: unknown): string =>
  stringify(document, { lineWidth: 0, aliasDuplicateObjects: false, compat: 'yaml-1.1' })

/** A rendered YAML file: its header, what else is to be said about it, and its documents. */
export function yamlFile(documents: readonly Manifest[], { about = '' } = {}): string {
  const comment = about.split('\n').map((line) => (line ? `# ${line}\n` : ''))
  const texts = documents.map(toYaml)
  return `${HEADER}\n${comment.join('')}${texts.join('---\n')}`
}
