/**
 * How long an editor waits for the errors of one handler after a key is pressed, in projects of 100, 300 and 500 functions:
 * `node bench/editor/run.ts`. It speaks to the language server of TypeScript as an editor does; the projects are asked in turn.
 */
import { spawn } from 'node:child_process'
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'

const COUNTS = [100, 300, 500]
const ROUNDS = 15
const FIXTURES = 'test/types-cost'

await mkdir('.ebb', { recursive: true })
const folder = await mkdtemp(join('.ebb', 'editor-'))
try {
  const projects = await Promise.all(COUNTS.map((count) => openProject(count)))
  for (let round = 0; round < ROUNDS; round++) for (const project of projects) await project.edit(round)
  for (const [i, project] of projects.entries()) console.log(`${COUNTS[i]} functions: ${project.summary()}`)
  for (const project of projects) project.close()
} finally {
  await rm(folder, { recursive: true, force: true })
}

async function openProject(count: number) {
  const root = resolve(folder, String(count))
  await cp(join(FIXTURES, 'domain'), join(root, 'domain'), { recursive: true })
  for (let i = 0; i < count; i++)
    await cp(join(FIXTURES, 'functions/settle-order'), join(root, 'functions', `e${i}`), { recursive: true })
  const tsconfig = { extends: resolve('tsconfig.json'), include: ['functions'] }
  await writeFile(join(root, 'tsconfig.json'), JSON.stringify(tsconfig))
  const file = join(root, 'functions/e0/handler.ts')
  const [uri, text] = [pathToFileURL(file).href, await readFile(file, 'utf8')]
  const server = startServer(root)
  await server.ask('initialize', { processId: process.pid, rootUri: pathToFileURL(root).href, capabilities: {} })
  server.tell('initialized', {})
  server.tell('textDocument/didOpen', { textDocument: { uri, languageId: 'typescript', version: 0, text } })
  const diagnose = () => server.ask('textDocument/diagnostic', { textDocument: { uri } })
  await diagnose()
  const times: number[] = []
  return {
    edit: async (round: number) => {
      const startedAt = performance.now()
      const changed = text.replace('x-total', round % 2 === 0 ? 'x-totals' : 'x-total')
      const textDocument = { uri, version: round + 1 }
      server.tell('textDocument/didChange', { textDocument, contentChanges: [{ text: changed }] })
      const { items } = (await diagnose()) as { items: readonly unknown[] }
      if (items.length > 0 !== (round % 2 === 0)) throw new Error(`round ${round} has ${items.length} errors`)
      times.push(performance.now() - startedAt)
    },
    summary: () => {
      const sorted = times.toSorted((a, b) => a - b)
      return `median ${sorted[Math.floor(ROUNDS / 2)]?.toFixed(1)} ms, fastest ${sorted[0]?.toFixed(1)} ms`
    },
    close: server.close,
  }
}

function startServer(root: string) {
  const child = spawn(resolve('node_modules/.bin/tsc'), ['--lsp', '--stdio'], {
    cwd: root,
    stdio: ['pipe', 'pipe', 'inherit'],
  })
  const waiting = new Map<number, (result: unknown) => void>()
  let buffered = Buffer.alloc(0)
  let ids = 0
  const write = (message: object) => {
    const body = JSON.stringify({ jsonrpc: '2.0', ...message })
    child.stdin.write(`Content-Length: ${Buffer.byteLength(body)}\r\n\r\n${body}`)
  }
  child.stdout.on('data', (chunk: Buffer) => {
    buffered = Buffer.concat([buffered, chunk])
    for (;;) {
      const end = buffered.indexOf('\r\n\r\n')
      const length = Number(/Content-Length: (\d+)/i.exec(buffered.subarray(0, Math.max(end, 0)).toString())?.[1])
      if (end < 0 || buffered.length < end + 4 + length) return
      const message = JSON.parse(buffered.subarray(end + 4, end + 4 + length).toString())
      buffered = buffered.subarray(end + 4 + length)
      // What the server itself asks for is answered with nothing.
      if (message.method !== undefined && message.id !== undefined) write({ id: message.id, result: null })
      else if (message.id !== undefined) waiting.get(message.id)?.(message.result ?? message.error)
    }
  })
  return {
    tell: (method: string, params: object) => write({ method, params }),
    ask: (method: string, params: object) =>
      new Promise<unknown>((resolve) => {
        waiting.set(++ids, resolve)
        write({ id: ids, method, params })
      }),
    close: () => void child.kill(),
  }
}
