export interface Step {
  readonly command: string
  readonly says: readonly string[]
}

/** The commands of a console block, and what it says that each prints. */
export const consoleSteps = (block: string): readonly Step[] =>
  block
    .split(/^\$ /m)
    .slice(1)
    .map((step) => {
      const [command = '', ...says] = step.trimEnd().split('\n')
      return { command, says }
    })

/** The lines of an sh block, without comments; a line that goes on in the next one is one with it. */
export const shellLines = (block: string): readonly string[] =>
  block
    .trimEnd()
    .replaceAll(/\\\n\s*/g, '')
    .split('\n')
    .map((line) => line.replace(/(^|\s+)#.*$/, ''))
    .filter((line) => line !== '')

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
