import type { LogLine } from './evidence.ts'

const FRAME = /^\s+at /
const ERROR = /^\w*Error\b/

/** Lines of which those that a dying process has printed as one error are one, with that as its `err`. */
export function foldStacks(lines: readonly LogLine[]): readonly LogLine[] {
  const folded: LogLine[] = []
  for (const line of lines.toSorted((a, b) => a.id - b.id)) {
    const text = line.level === 'text' ? String(line.fields.msg) : ''
    const error = folded.findLast(({ part, level }) => part === line.part && level === 'text')
    if (FRAME.test(text) && error?.fields.err !== undefined)
      folded[folded.indexOf(error)] = withStack(error, `${String(Object(error.fields.err).stack)}\n${text}`)
    else folded.push(ERROR.test(text) ? withStack(line, text) : line)
  }
  return folded
}

const withStack = (line: LogLine, stack: string): LogLine => ({
  ...line,
  fields: { ...line.fields, msg: 'ended by an error', err: { stack } },
})
