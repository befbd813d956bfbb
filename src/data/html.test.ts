import { describe, expect, it } from '@jest/globals'
import { html } from 'ebb/data'
import { textOf } from './html.ts'

describe('html', () => {
  it('escapes values in elements and in attributes, and keeps pieces and lists of them', () => {
    const evil = `"><script>alert('&\`)</script>`
    const items = [evil, 'b'].map((name) => html`<li title="${name}">${name}</li>`)
    const escaped = '&#34;&#62;&#60;script&#62;alert(&#39;&#38;&#96;)&#60;/script&#62;'
    expect(textOf(html`<ul>${items}</ul>${7}${8n}`)).toBe(
      `<ul><li title="${escaped}">${escaped}</li><li title="b">b</li></ul>78`,
    )
  })

  it.each([[undefined], [null], [true], [{ toString: () => '<b>' }], [Promise.resolve('a')], [() => 'a']])(
    'refuses %p',
    (value) => expect(() => html`<p>${value}</p>`).toThrow('give a text, a number or html'),
  )

  it.each([['<b>'], [{ 'Symbol(ebb.html)': '<b>' }], [JSON.parse('{"html":"<b>"}')], [undefined]])(
    'takes %p for no piece of HTML',
    (value) => expect(() => textOf(value as never)).toThrow('must be made by html`…`'),
  )
})
