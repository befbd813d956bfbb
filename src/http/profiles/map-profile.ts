import { readFileSync } from 'node:fs'
import { SourceMap, type SourceMapping } from 'node:module'
import { dirname, resolve } from 'node:path'
import { fileURLToPath } from 'node:url'
import type { CallFrame, CpuProfile, HeapNode, HeapProfile } from '../../protocol/profiles/profile.ts'

/** Replaces the places of bundles by those of the sources, where a source map lies beside the file. */
export function mapCpuProfile(profile: CpuProfile): CpuProfile {
  const mapFrame = createFrameMapper()
  return { ...profile, nodes: profile.nodes.map((node) => ({ ...node, callFrame: mapFrame(node.callFrame) })) }
}

/** The same of what was allocated. */
export function mapHeapProfile(profile: HeapProfile): HeapProfile {
  const mapFrame = createFrameMapper()
  const mapNode = (node: HeapNode): HeapNode => ({
    ...{ ...node, callFrame: mapFrame(node.callFrame), children: node.children.map(mapNode) },
  })
  return { ...profile, head: mapNode(profile.head) }
}

function createFrameMapper() {
  const maps = new Map<string, SourceMap | undefined>()
  const mapOf = (file: string) => {
    if (!maps.has(file)) maps.set(file, readMap(file))
    return maps.get(file)
  }
  return (frame: CallFrame): CallFrame => {
    const { url, lineNumber, columnNumber } = frame
    const file = url.startsWith('file://') ? fileURLToPath(url) : url
    const entry = file.endsWith('.cjs') ? mapOf(file)?.findEntry(lineNumber, columnNumber) : undefined
    if (!entry || !isMapped(entry)) return frame
    return {
      ...{ ...frame, url: resolve(dirname(file), entry.originalSource) },
      ...{ lineNumber: entry.originalLine, columnNumber: entry.originalColumn },
      // Of minified names, the map has those that were changed.
      functionName: nameOf(entry) ?? frame.functionName,
    }
  }
}

const isMapped = (entry: object): entry is SourceMapping => 'originalSource' in entry
const nameOf = ({ name }: SourceMapping & { readonly name?: string }) => name || undefined

function readMap(file: string): SourceMap | undefined {
  try {
    return new SourceMap(JSON.parse(readFileSync(`${file}.map`, 'utf8')))
  } catch {
    return undefined
  }
}
