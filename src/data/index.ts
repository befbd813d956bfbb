export type {
  BindContext,
  Policy,
  PolicyCaller,
  PolicyObject,
  Resource,
  ResourceContract,
} from '../kernel/index.ts'
export { type Cache, type CacheOptions, cache, cacheOn } from './cache/cache.ts'
export { type Html, html } from './html.ts'
export { guarded } from './http-client/guarded.ts'
export { type Http, type HttpOptions, http } from './http-client/http.ts'
export { HttpError, type HttpResponse } from './http-client/response.ts'
export { type Mail, type MailMessage, mail } from './mail.ts'
export { objects } from './objects/objects.ts'
export type {
  DownloadOptions,
  ObjectContent,
  ObjectPutOptions,
  Objects,
  PartSpec,
  StoredObject,
  StoreWith,
  Upload,
  UploadOptions,
  UploadSpec,
} from './objects/objects-shape.ts'
export type { SignedRequest } from './objects/sign-request.ts'
export { policy } from './policy/policy.ts'
export { CopyError } from './postgres/copy/copy-error.ts'
export { postgres } from './postgres/postgres.ts'
export { postgresWith } from './postgres/postgres-with.ts'
export type { Fragment, Sql } from './postgres/sql.ts'
export type { Savepoint, Statements } from './postgres/statements.ts'
export type { TypedSql } from './postgres/typed-sql.ts'
export { redis } from './redis.ts'
export { resource } from './resource.ts'
export { type ServiceFailure, type Services, type ServicesResource, services } from './services/services.ts'
export type { Table } from './values/read-rows.ts'
