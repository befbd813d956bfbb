import type { Config } from 'jest'

/**
 * What takes longest and guards what changes least: `npm run test:full`, which continuous integration runs. `npm test`
 * takes at most five minutes on two quiet cores without it.
 */
const FULL_ONLY = [
  '/test/chaos/',
  '/src/data/postgres/rows/',
  '/test/(oracle/ours|telemetry/(collector|settings))\\.test',
  '/(src/data/postgres/unresponsive|services/(gateway|relay)/silence|services/gateway/tls)\\.test',
  '/(services/(relay/((large-events-|schedules-)?killed)|gateway/plans/killed)|src/data/(cache/redis-store|postgres/listener))\\.test',
  '/src/(build/(write-inventory|build-in-policy)|commands/(invoke|scaffold)|dev/postgres/run-as|start/code-cache)\\.test',
  '/test/(e2e/(client|docs|explain|explain-route|faults|first-look|image|invoke|login|package|readme|reload|rush)|late/late-errors|values/values)\\.test',
  '/test/(e2e/(receive|without-example)|example/example|properties/project|render/command|types-cost)\\.test',
  '/test/(chart/contract-test|conformance/own-contracts)\\.test',
  '/test/docs/guide\\.test',
  '/test/cache-rfc/',
  '/test/(leaving/no-egress|supply/(audit|workflows))\\.test',
  '/src/project/(own/own|upgrade/(apply|upgrade))\\.test',
  '/test/mcp/',
  '/test/graphql/',
  '/(test/(authorizers|proxies)|services/gateway/admin/(alerts|archive|control|keys|requests|session|table|usage)|services/console/)',
  '/test/security/(api|matrix-|real-issuer)',
  '/services/gateway/(contract-swaps|rate-limits|memory|cache/purges)\\.test',
  '/src/http/gateway/upstream/(misbehaving|no-leak)\\.test',
  '/test/websockets/',
  '/src/(build/build-image|commands/contracts|data/postgres/one-transaction|dev/postgres/(start-postgres|postmaster))\\.test',
  '/test/telemetry/(cold-start|one-trace|tail-sampling|waiting-commands)\\.test',
  '/(services/gateway/process|src/commands/conformance|src/data/postgres/with-connection|test/values/any-value)\\.test',
  '/test/chart/(dashboards|pod-values|secrets)\\.test',
  '/release/',
  '/test/streams/',
  '/test/pipeline/',
  '/src/project/create/begun-project\\.test',
  '/src/data/postgres/replica\\.test',
  '/test/broker/',
  '/test/alerts/',
  '/test/(contracts/strings|async/(own-calls|invocations))\\.test',
  '/(test/files/|src/build/native-packages|src/data/objects/large-objects\\.test)',
  '/services/gateway/receive-published\\.test',
  '/services/relay/changes/changes-(killed|abandoned|lasting)\\.test',
  '/test/webhooks/(many|page|relays)\\.test',
  '/(services/relay/(abandon-orphans|batches|several|broker/broker)|src/data/(queue/at-scale|migrate/history-by-day))\\.test',
  '/test/(services|console)/',
  '/(services/relay/checks|src/http/profiles)/',
  '/(test/cost/|services/gateway/admin/cost)',
  '/src/(build/bundle-function|start/start|data/redis)\\.test',
  '/test/(built/|e2e/(check|short-circuit)\\.test|webhooks/webhooks\\.test)',
  '/services/gateway/admin/redrive\\.test',
  '/src/data/(sql-tools(-pooled)?|migrate/build-indexes)\\.test',
]
const isFull = process.env.EBB_TEST_SCALE === 'full'

const config: Config = {
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': [
      '@swc/jest',
      {
        jsc: { target: 'es2024', parser: { syntax: 'typescript' }, experimental: { keepImportAttributes: true } },
        module: { type: 'es6' },
      },
    ],
  },
  testMatch: ['**/*.test.ts'],
  // Those of the template run in the projects that are made of it.
  testPathIgnorePatterns: ['/node_modules/', '/\\.ebb/', '/src/project/create/template/', ...(isFull ? [] : FULL_ONLY)],
  modulePathIgnorePatterns: ['/\\.ebb/'],
  globalSetup: './test/support/jest-start.ts',
  globalTeardown: './test/support/jest-stop.ts',
  testSequencer: './test/support/jest-order.ts',
  reporters: ['default', './test/support/jest-summary.ts'],
  // Of two cores: a third of all that tests do is waiting for leases, time limits and processes.
  maxWorkers: 3,
  // No measure of anything: it ends what hangs, on a machine that is ten times slower than a quiet one, too.
  testTimeout: 180_000,
}

export default config
