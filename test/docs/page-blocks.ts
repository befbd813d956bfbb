import { globSync, readFileSync } from 'node:fs'
import { consoleSteps, type Step, shellLines } from '../support/console-steps.ts'

/** The pages whose blocks are run in a project that `ebb create` has made. */
export const GUIDE = globSync('docs/guide/*.md').sort()

/** All pages for whoever uses Ebb. */
export const PAGES = ['README.md', ...globSync('docs/*.md').sort(), ...GUIDE, ...globSync('docs/reference/*.md').sort()]

/** A fenced block of a page. */
export interface Block {
  readonly language: string
  readonly text: string
  /** Where it begins, for messages. */
  readonly place: string
  /** The file of the project that it is, by its first line: `// functions/say-hello/handler.ts`. */
  readonly file: string | undefined
}

/** The fenced blocks of a page, in order. */
export function blocksOf(page: string): readonly Block[] {
  const text = readFileSync(page, 'utf8')
  return [...text.matchAll(/^```(.*)\n([\s\S]*?)^```$/gm)].map(({ 1: language = '', 2: code = '', index }) => ({
    language,
    text: code,
    place: `${page}:${text.slice(0, index).split('\n').length}`,
    file: FILE_LINE.exec(code)?.[1],
  }))
}

/** A path of a project in a comment of its own, as the first line. */
const FILE_LINE =
  /^(?:\/\/|#|--) ((?:functions|domain|test|environments|charts|k8s|\.github)\/\S+|[\w.-]+\.(?:ts|json|ya?ml|sh)|\.env\S*)\n/

/** What a reader does with a page, in order. */
export type Action =
  | { readonly kind: 'write'; readonly file: string; readonly text: string }
  | { readonly kind: 'restart' }
  | { readonly kind: 'run'; readonly step: Step }
  | { readonly kind: 'helm'; readonly command: string }

/** What there is to do with a block in a project; nothing where it is checked otherwise. */
export function actionsOf({ language, text, file }: Block): readonly Action[] {
  if (language === 'console') return consoleSteps(text).map((step) => ({ kind: 'run', step }))
  if (language === 'sh' && text.trim() === 'npm start') return [{ kind: 'restart' }]
  if (language === 'sh') {
    const ofHelm = shellLines(text).filter((line) => /^helm (install|upgrade|template) /.test(line))
    return ofHelm.map((command) => ({ kind: 'helm', command }))
  }
  if (file !== undefined) return [{ kind: 'write', file, text: text.slice(text.indexOf('\n') + 1) }]
  return []
}

export function describeAction(action: Action): string {
  if (action.kind === 'run') return action.step.command
  if (action.kind === 'helm') return action.command
  return action.kind === 'write' ? `writes ${action.file}` : 'starts Ebb again'
}
