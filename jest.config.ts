import type { Config } from 'jest'

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
  testPathIgnorePatterns: ['/node_modules/', '/\\.ebb/'],
  modulePathIgnorePatterns: ['/\\.ebb/'],
  globalSetup: './test/support/jest-start.ts',
  globalTeardown: './test/support/jest-stop.ts',
  // The slow ones wait for processes more than they compute.
  maxWorkers: 2,
  testTimeout: 20_000,
}

export default config
