import { readFileSync } from 'node:fs'
import { SourceMap, type SourceMapping } from 'node:module'
import { dirname, resolve } from 'node:path'

const FRAME = /\(?((?:\/|[A-Z]:\\)[^():]*\.cjs):(\d+):(\d+)\)?$/

/** Maps the frames of a stack to the sources where a source map lies beside the file. Maps are read only here. */
export function mapStack(stack: string): string {
  const maps = new Map<string, SourceMap | undefined>()
  const mapOf = (file: string) => {
    if (!maps.has(file)) maps.set(file, readMap(file))
    return maps.get(file)
  }
  return stack
    .split('\n')
    .map((line) => {
      const [frame, file = '', row, column] = FRAME.exec(line) ?? []
      const origin = frame ? mapOf(file)?.findEntry(Number(row) - 1, Number(column) - 1) : undefined
      if (!frame || !origin || !isMapped(origin)) return line
      const place = `${resolve(dirname(file), origin.originalSource)}:${origin.originalLine + 1}:${origin.originalColumn + 1}`
      return line.replace(frame, frame.startsWith('(') ? `(${place})` : place)
    })
    .join('\n')
}

const isMapped = (entry: object): entry is SourceMapping => 'originalSource' in entry

function readMap(file: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')))
  } catch {
    return undefined
  }
}
