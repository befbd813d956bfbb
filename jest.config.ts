import type { Config } from 'jest'

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
  // Those of the template run in the projects that are made of it. What ends in `.full.test.ts` takes longest and guards what changes
  // least: `npm run test:full` runs it too, as continuous integration does; `npm test` takes at most five minutes without it.
  testPathIgnorePatterns: [
    '/node_modules/',
    '/\\.ebb/',
    '/src/project/create/template/',
    ...(isFull ? [] : ['\\.full\\.test\\.ts$']),
  ],
  modulePathIgnorePatterns: ['/\\.ebb/'],
  globalSetup: './test/support/jest-start.ts',
  globalTeardown: './test/support/jest-stop.ts',
  testSequencer: './test/support/jest-order.ts',
  reporters: ['default', './test/support/jest-summary.ts', './test/support/jest-watchdog.ts'],
  // Of two cores: a third of all that tests do is waiting for leases, time limits and processes, and more of what the full run adds.
  maxWorkers: isFull ? 4 : 3,
  // No measure of anything: it ends what hangs, on a machine that is ten times slower than a quiet one, too.
  testTimeout: 180_000,
}

export default config
