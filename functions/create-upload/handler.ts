import { objects, postgres } from 'ebb/data'
import { implement } from 'ebb/http'
import contract from './contract.ts'

const EXPIRES_IN_SECONDS = 900

export default implement(contract, { sql: postgres, objects }, async ({ body }, { sql, objects, caller }) => {
  const { name, ...spec } = body
  const { id, expiresAt, put } = await objects.presignUpload(sql, spec, { expiresInSeconds: EXPIRES_IN_SECONDS })
  await sql`insert into uploads (id, owner, name) values (${id}, ${caller.sub}, ${name})`
  if (!put) throw new Error('a picture that the contract allows comes as a whole')
  return { id, expiresAt, put }
})
