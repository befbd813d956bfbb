import { Marked, type Tokens } from 'marked'

interface PageOptions {
  /** Where a link of the page leads; undefined where that is no page of the guide, and the link's text is all that stays. */
  readonly resolve: (href: string) => string | undefined
  readonly style: string
  /** What stands above and below the page's text: addresses by their texts. */
  readonly header: Readonly<Record<string, string>>
  readonly footer: Readonly<Record<string, string>>
}

/**
 * A page of the guide as HTML, with the anchors that forges give its headings. There is no script and no style in it, which
 * the policy of `/docs` would not allow, and what is HTML in the Markdown stays text.
 */
export function renderPage(markdown: string, { resolve, style, header, footer }: PageOptions): string {
  const marked = new Marked({ gfm: true }, { renderer: rendererFor(resolve) })
  const [, title = 'Guide'] = /^# (.*)$/m.exec(markdown) ?? []
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${escapeHtml(title)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${escapeHtml(style)}">
</head>
<body>
<header>${linkList(header)}</header>
<main>
${marked.parse(markdown, { async: false })}</main>
<footer>${linkList(footer)}</footer>
</body>
</html>
`
}

const linkList = (links: Readonly<Record<string, string>>) =>
  Object.entries(links)
    .map(([text, href]) => `<a href="${escapeHtml(href)}">${escapeHtml(text)}</a>`)
    .join(' ')

function rendererFor(resolve: PageOptions['resolve']) {
  const taken = new Map<string, number>()
  return {
    heading(this: { parser: InlineParser }, { tokens, depth, text }: Tokens.Heading) {
      const slug = slugOf(text)
      const before = taken.get(slug) ?? 0
      taken.set(slug, before + 1)
      const id = before === 0 ? slug : `${slug}-${before}`
      return `<h${depth} id="${id}">${this.parser.parseInline(tokens)}</h${depth}>\n`
    },
    link(this: { parser: InlineParser }, { href, tokens }: Tokens.Link) {
      const target = resolve(href)
      const text = this.parser.parseInline(tokens)
      return target === undefined ? text : `<a href="${escapeHtml(target)}">${text}</a>`
    },
    image: ({ text }: Tokens.Image) => escapeHtml(text),
    html: ({ text }: Tokens.HTML | Tokens.Tag) => escapeHtml(text),
  }
}

interface InlineParser {
  parseInline(tokens: readonly Tokens.Generic[]): string
}

/** The anchor of a heading, as GitHub and GitLab make it. */
export const slugOf = (heading: string): string =>
  heading
    .trim()
    .toLowerCase()
    .replaceAll(/[^\p{L}\p{N}\s_-]/gu, '')
    .replaceAll(/\s/g, '-')

const ENTITIES: Readonly<Record<string, string>> = { '&': '&amp;', '"': '&quot;', '<': '&lt;', '>': '&gt;' }

const escapeHtml = (text: string): string => text.replaceAll(/[&"<>]/g, (character) => ENTITIES[character] ?? '')
