import { objects, postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

const MAX_PIXELS = 40_000_000
const WIDTH = 320

export default implement(contract, { sql: postgres, objects }, async ({ data }, { sql, objects, fail }) => {
  const upload = await sql.one`select from uploads where id = ${data.id}`
  const picture = upload && (await objects.get(sql, data.id))
  // It was deleted meanwhile, or is no picture of somebody's.
  if (!picture) return
  const thumbnail = await shrink(Buffer.concat(await picture.body.toArray())).catch((cause: Error) =>
    fail('picture_unreadable', `It cannot be read as ${picture.type}: ${cause.message}`),
  )
  const { id } = await objects.put({ sql }, thumbnail, { type: 'image/webp' })
  await sql`update uploads set thumbnail = ${id} where id = ${data.id}`
})

async function shrink(picture: Uint8Array): Promise<Uint8Array> {
  // Its library is loaded with the first picture, and not with each start.
  const { default: sharp } = await import('sharp')
  return sharp(picture, { limitInputPixels: MAX_PIXELS })
    .autoOrient()
    .resize({ width: WIDTH, withoutEnlargement: true })
    .webp({ quality: 80 })
    .toBuffer()
}
