import { objects, postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import type * as z from 'zod'
import { Upload } from '../../domain/upload.ts'
import contract from './contract.ts'

type Row = Pick<z.infer<typeof Upload>, 'name' | 'state' | 'createdAt'>

export default implement(
  contract,
  { sql: postgres, objects },
  async ({ params: { id } }, { sql, objects, emit, own, fail }) => {
    const upload = await sql.one<{ owner: string }>`select owner from uploads where id = ${id}`
    if (!upload) throw fail('upload_not_found', 'There is no such upload.')
    own(upload.owner)
    const { type, bytes, sha256 } = await objects.complete({ sql, emit }, id)
    const row = await sql.one<Row>`
      update uploads set state = 'stored' where id = ${id} returning name, state, created_at`
    if (!row || sha256 === null) throw new Error('a picture has a row, and came as a whole')
    return { ...row, id, bytes, sha256, type: Upload.shape.type.parse(type) }
  },
)
