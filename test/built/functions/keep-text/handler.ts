import { postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'
import texts from './texts.json' with { type: 'json' }

class GrößenError extends Error {
  override name = this.constructor.name
}

const größe = 'Größe – 5 €'
const prüfen = () => {
  throw new GrößenError('zu groß: 5 € – „nein“')
}

/** Every way in which text stands in a source. esbuild escapes none of tagged templates, String.raw and patterns. */
export default implement(contract, { sql: postgres }, async ({ body }, { sql, fail }) => {
  if (body.name === 'Weiß') throw fail('out_of_size', 'Größe – 5 € fehlt.')
  const row = await sql.one<{ stored: string; größe: string }>`
    select 'Größe – 5 €' || ${body.name} as stored, '€ 𝄞' as "größe"`
  let thrown = ''
  try {
    prüfen()
  } catch (error) {
    thrown = String(error)
  }
  return {
    stored: row?.stored ?? '',
    column: row?.größe ?? '',
    raw: String.raw`\Größe – 5 €`,
    matched: 'Größe – 5 € 𝄞'.match(/[ößŸ€–]|\p{Letter}e|𝄞/gu) ?? [],
    template: `Größe – ${größe} €`,
    escaped: '\u{1D11E} \xe9 é \u2028',
    identifier: größe,
    key: { 'Größe – €': 'Schlüssel' }['Größe – €'],
    json: texts['Größe – €'],
    thrown,
    named: [prüfen.name, GrößenError.name, new GrößenError('').name],
    lengths: [größe.length, String.raw`\€𝄞`.length],
  }
})
