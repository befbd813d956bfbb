import type { Rule } from './rulebook.ts'

const POSTGRES = / <database>$/
const REDIS = /^(hello|client|info|set|get|llen|multi|expire|exec|eval)$/
const SERVER = /^(GET|POST) \//
const CLIENT = /^(GET|POST)$/

const CONNECTIONS = 'a connection serves many requests, and would hang in the one that happened to need it first'
const VALUES = 'the error message of a server quotes what it was sent: its code is exported and its words are not'
const MORE = 'the conventions want it'

/** Every difference between official's spans and ours: docs/decisions/0010-spans.md in short. */
export const RULES: readonly Rule[] = [
  {
    ...{ span: /^(middleware|request handler)/, only: 'official' },
    why: 'the steps of the way are the same for each request, and a span for each costs more than the step',
  },
  {
    ...{
      span: CLIENT,
      attribute: 'url.full',
      as: (url) => url.replace(/^http:\/\/127\.0\.0\.1:<port>(?=\/(parts|missing))/, '[redacted]'),
    },
    why: 'its address is a secret of the function, and no secret leaves in a span',
  },
  { span: 'tcp.connect', only: 'official', why: CONNECTIONS },
  { span: 'pg-pool.connect', only: 'official', why: 'the wait for a connection is the gap before the first statement' },
  { span: 'connect', only: 'official', why: CONNECTIONS },
  {
    ...{ span: /^(set|get)$/, only: 'official', times: 2 },
    why: 'a command that waits for the connection passes ioredis twice, and is one command',
  },

  {
    ...{ span: /^pg\.query:/, attribute: '(name)', as: (name) => name.replace('pg.query:', '') },
    why: 'the conventions make names of operation and namespace, and the system is an attribute',
  },
  { span: POSTGRES, attribute: 'db.operation.name', only: 'ours', why: 'what a name says is an attribute, too' },
  { span: POSTGRES, attribute: /^(error\.type|db\.response\.status_code)$/, only: 'ours', why: MORE },
  { span: POSTGRES, attribute: /^\((status|events)\)$/, why: VALUES },

  { span: REDIS, attribute: 'db.namespace', only: 'ours', why: MORE },
  {
    ...{ span: REDIS, attribute: 'db.query.text', as: markEach },
    why: 'the conventions mark each value that is left out',
  },
  {
    ...{ span: 'eval', attribute: 'db.query.text', as: (text) => text.replace(/(<uuid>) .*/, '$1 ?') },
    why: 'official tells what scripts are given, which for our cache is all that it holds',
  },
  {
    ...{ span: REDIS, attribute: 'db.operation.name', as: (name) => name.replace('MULTI ', '') },
    why: 'ioredis does not say on its channel that a command is part of a MULTI; that and EXEC have spans of their own',
  },
  { span: REDIS, attribute: /^(error\.type|db\.response\.status_code)$/, only: 'ours', why: MORE },
  { span: REDIS, attribute: /^\((status|events)\)$/, why: VALUES },

  {
    ...{ span: SERVER, attribute: /^(http\.route|\(name\))$/, as: (route) => route.replace(/:(\w+)/, '{$1}') },
    why: 'a route is written as in the contract, where gateway, OpenAPI and dashboards have it from',
  },
  { span: SERVER, attribute: 'faas.trigger', only: 'ours', why: 'it is a function' },
  {
    span: SERVER,
    attribute: /^(faas|ebb)\.cold_?start/,
    only: 'ours',
    why: 'once a process, a request pays for its start',
  },

  { span: CLIENT, attribute: /^url\.(scheme|path|query)$/, only: 'official', why: 'url.full has them' },
  {
    ...{ span: CLIENT, attribute: 'http.request.method_original', only: 'official' },
    why: 'the conventions have it only where it is another',
  },
]

/** `set key [2 other arguments]` as `set key ? ?`. */
function markEach(text: string): string {
  return text.replace(/ \[(\d+) other arguments\]$/, (_, count: string) => ' ?'.repeat(Number(count)))
}
