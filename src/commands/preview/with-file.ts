import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** Lets `use` name a file with this content, which nobody else can read, and which is gone afterwards. */
export async function withFile<Result>(content: string, use: (file: string) => Promise<Result>): Promise<Result> {
  const folder = await mkdtemp(join(tmpdir(), 'ebb-preview-'))
  try {
    const file = join(folder, 'content.yaml')
    await writeFile(file, content, { mode: 0o600 })
    return await use(file)
  } finally {
    await rm(folder, { recursive: true })
  }
}
