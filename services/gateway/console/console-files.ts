import { readdir, readFile } from 'node:fs/promises'
import { extname, join } from 'node:path'
import type { RequestHandler } from 'express'

/**
 * Serves the console that `buildConsole` has written to a folder: its files below `/console/`, and for the address of any of its pages
 * the one page that shows all of them. The files are read once. While the folder is not there it says so with 503.
 */
export function createConsoleFiles(folder: string): RequestHandler {
  let reading: Promise<Files> | undefined
  const read = () => {
    reading ??= readFiles(folder)
    reading.catch(() => {
      reading = undefined
    })
    return reading
  }
  return async function consoleFiles({ path, method, headers }, response, next) {
    if (!/^\/console(\/|$)/.test(path) || (method !== 'GET' && method !== 'HEAD')) return next()
    if (path === '/console') return response.redirect(308, '/console/')
    response.set(HEADERS)
    const files = await read().catch(() => undefined)
    if (!files) return void response.status(503).set({ 'retry-after': '1', refresh: '1' }).type('txt').send(NOT_YET)
    const name = path.slice('/console/'.length)
    const file = files.get(name)
    // Files lie side by side, and have endings; one that is gone belongs to a version that is gone. All else is the address of a page.
    const isPage = name.includes('/') || extname(name) === ''
    const found = file ?? (isPage ? files.get('index.html') : undefined)
    if (!found) return next()
    const isPacked = found.packed !== undefined && /\bbr\b/.test(String(headers['accept-encoding'] ?? ''))
    const isImmutable = file !== undefined && name !== 'index.html'
    response.set({
      'content-type': TYPES[extname(file ? name : 'index.html')] ?? 'application/octet-stream',
      'cache-control': isImmutable ? 'public, max-age=31536000, immutable' : 'no-store',
      vary: 'accept-encoding',
      ...(isPacked ? { 'content-encoding': 'br' } : {}),
    })
    response.end(isPacked ? found.packed : found.body)
  }
}

type Files = ReadonlyMap<string, { readonly body: Buffer; readonly packed: Buffer | undefined }>

async function readFiles(folder: string): Promise<Files> {
  const names = await readdir(folder)
  const read = (name: string) => readFile(join(folder, name))
  const files = names
    .filter((name) => extname(name) in TYPES)
    .map(async (name) => {
      const packed = names.includes(`${name}.br`) ? await read(`${name}.br`) : undefined
      return [name, { body: await read(name), packed }] as const
    })
  return new Map(await Promise.all(files))
}

const TYPES: Readonly<Record<string, string>> = {
  '.html': 'text/html; charset=utf-8',
  '.js': 'text/javascript; charset=utf-8',
  '.css': 'text/css; charset=utf-8',
}

/** Nothing inline, nothing from elsewhere, no frame: the page administers. */
const HEADERS = {
  'content-security-policy': [
    ...["default-src 'none'", "script-src 'self'", "style-src 'self'", "img-src 'self' data:", "connect-src 'self'"],
    "frame-src 'self'",
    ...["base-uri 'none'", "form-action 'none'", "frame-ancestors 'none'", "require-trusted-types-for 'script'"],
  ].join('; '),
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
} as const

const NOT_YET = 'The console is being built; this page loads again by itself.'
