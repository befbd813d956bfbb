import { readdir, readFile } from 'node:fs/promises'
import { basename, join, posix } from 'node:path'
import { PLATFORM, PLATFORM_PACKAGE } from '../../deploy/platform-files.ts'

/** A file of the guide, as it is sent. */
export interface GuideFile {
  readonly type: string
  readonly body: string
}

/** Finds a file of the guide by its path from `/docs/guide` on, such as `/reference/settings`; undefined where there is none. */
export type Guide = (path: string) => Promise<GuideFile | undefined>

/** Where the gateway of the laptop serves the guide. */
const BASE = '/docs/guide'
const STYLE = '/style.css'

/**
 * The guide: the Markdown of a folder, rendered when it is asked for. A page is `guide/NAME.md`, `NAME.md` or
 * `reference/NAME.md`, and `README.md` is the first one.
 */
export function createGuide(folder = join(PLATFORM_PACKAGE, 'docs')): Guide {
  return async (path) => {
    if (path === STYLE) return { type: 'text/css; charset=utf-8', body: await readFile(STYLE_FILE, 'utf8') }
    for (const file of candidatesFor(path)) {
      const markdown = await readFile(join(folder, file), 'utf8').catch(ifAbsent)
      if (markdown !== undefined)
        return { type: 'text/html; charset=utf-8', body: await render(folder, file, markdown) }
    }
    return undefined
  }
}

const STYLE_FILE = join(PLATFORM, 'src/dev/guide/style.css')

/** The files, from the folder on, that may be the page at a path. */
function candidatesFor(path: string): readonly string[] {
  if (path === '') return ['README.md']
  const [, reference = '', name] = /^\/(reference\/)?([a-z0-9-]+)$/.exec(path) ?? []
  if (name === undefined) return []
  return reference ? [`reference/${name}.md`] : [`guide/${name}.md`, `${name}.md`]
}

const addressOf = (file: string): string | undefined => {
  if (file === 'README.md') return BASE
  const [, folder = '', name] = /^(guide\/|reference\/)?([a-z0-9-]+)\.md$/.exec(file) ?? []
  return name && `${BASE}/${folder === 'reference/' ? folder : ''}${name}`
}

async function render(folder: string, file: string, markdown: string): Promise<string> {
  // It is needed for this only, which most runs of a laptop never are asked for.
  const { renderPage } = await import('./render-page.ts')
  const here = addressOf(file) ?? BASE
  // Relative, so that it works behind a proxy's path too; never `..` alone, which would end in a slash.
  const to = (address: string) =>
    posix.join(posix.relative(posix.dirname(here), posix.dirname(address)), posix.basename(address))
  return renderPage(markdown, {
    style: to(`${BASE}${STYLE}`),
    header: { Guide: to(BASE), 'API reference': to('/docs') },
    footer: await neighbours(folder, file, to),
    resolve: (href) => {
      if (/^(https?:|#)/.test(href)) return href
      const [target = '', anchor] = href.split('#')
      const address = addressOf(posix.join(posix.dirname(file), target))
      return address && `${to(address)}${anchor === undefined ? '' : `#${anchor}`}`
    },
  })
}

/** The pages before and after one of the guide, which is in the order of its numbers. */
async function neighbours(folder: string, file: string, to: (address: string) => string) {
  const files = (await readdir(join(folder, 'guide'))).filter((name) => name.endsWith('.md')).sort()
  const at = files.indexOf(basename(file))
  if (at < 0 || !file.startsWith('guide/')) return {}
  const link = async (label: string, name: string | undefined) => {
    if (name === undefined) return {}
    const [, title = name] = /^# (.*)$/m.exec(await readFile(join(folder, 'guide', name), 'utf8')) ?? []
    return { [`${label}: ${title}`]: to(addressOf(`guide/${name}`) ?? BASE) }
  }
  return { ...(await link('Before', files[at - 1])), ...(await link('Next', files[at + 1])) }
}

function ifAbsent(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error
}
