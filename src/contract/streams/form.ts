import type * as z from 'zod'

/**
 * One file of a form.
 * @example const photo: FormFileOptions = { type: ['image/png', 'image/jpeg'], maxBytes: 5_000_000 }
 */
export interface FormFileOptions {
  /** The media types that it may have, such as `image/png` or `image/*`. */
  readonly type: string | readonly string[]
  /** The most bytes. */
  readonly maxBytes: number
  /** Whether it may be left out (default: it must be there). */
  readonly optional?: true
}

/**
 * A form as `form()` takes it.
 * @example const options: FormOptions = { files: { photo: { type: 'image/*', maxBytes: 5_000_000 } } }
 */
export interface FormOptions {
  /** The texts of the form, decoded like a query's: an array takes a name that comes several times. */
  readonly fields?: z.ZodObject
  /** The files, by the names of their parts. All together may have 32 MiB: for more, there is `stream()`. */
  readonly files?: Readonly<Record<string, FormFileOptions>>
}

/**
 * A form, as `form()` returns it.
 * @example const namesOf = ({ files = {} }: FormBody) => Object.keys(files)
 */
export type FormBody<O extends FormOptions = FormOptions> = O & {
  /** Tells it from a schema and a stream. */
  readonly kind: 'form'
}

/**
 * A file of a form as a handler gets it.
 * @example const sizeOf = ({ bytes }: FormFile) => bytes.length
 */
export interface FormFile {
  /** The name that the caller gave it, without folders: a text of the caller's, which is no name for a file of yours. */
  readonly name: string
  /** Its media type, as the caller says: the bytes may be anything. */
  readonly type: string
  /** Its content. */
  readonly bytes: Buffer
}

/**
 * Declares a body of the type multipart/form-data, as a page's form sends it: texts, which are validated, and files, which
 * are read into memory and so are limited. Parts that it does not name are refused.
 * @example
 * const addPhoto = endpoint({
 *   ...{ name: 'add-photo', summary: 'Add a photo.', method: 'POST', path: '/v1/photos' },
 *   body: form({
 *     fields: z.object({ title: z.string().max(80) }),
 *     files: { photo: { type: ['image/png', 'image/jpeg'], maxBytes: 5_000_000 } },
 *   }),
 *   reply: { status: 201, body: z.object({ id: z.uuid() }) },
 *   access: { scopes: ['photos:write'] },
 * })
 * @see docs/guide/28-streams.md
 */
export const form = <const O extends FormOptions>(options: O): FormBody<O> =>
  Object.freeze({ ...options, kind: 'form' as const })
