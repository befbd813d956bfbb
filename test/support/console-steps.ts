import { readFileSync } from 'node:fs'

export interface Step {
  readonly command: string
  readonly says: readonly string[]
}

/** The commands of a page's console blocks, and what it says that each prints. */
export function consoleSteps(page: string): readonly Step[] {
  const blocks = readFileSync(page, 'utf8').matchAll(/^```console\n([\s\S]*?)^```/gm)
  return [...blocks].flatMap(([, block = '']) =>
    block
      .split(/^\$ /m)
      .slice(1)
      .map((step) => {
        const [command = '', ...says] = step.trimEnd().split('\n')
        return { command, says }
      }),
  )
}

/** The lines of a page's sh blocks, without comments. */
export function shellLines(page: string): readonly string[] {
  const blocks = readFileSync(page, 'utf8').matchAll(/^```sh\n([\s\S]*?)^```/gm)
  return [...blocks].flatMap(([, block = '']) =>
    block
      .trimEnd()
      .split('\n')
      .map((line) => line.replace(/\s+#.*$/, '')),
  )
}

/** `…` is what differs from run to run; a line of its own is any number of lines. */
export function toPattern(says: readonly string[]): RegExp {
  const lines = says.map((line) => (line === '…' ? '(?:.*\\n)*?' : `${toLinePattern(line)}\\n`))
  return new RegExp(`^${lines.join('')}$`)
}

const toLinePattern = (line: string) =>
  line
    .split('…')
    .map((part) => RegExp.escape(part).replaceAll(/(\\x20)+/g, '[ ]+'))
    .join('.*')
