import type { Config } from 'jest'

const config: Config = {
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': ['@swc/jest', { jsc: { target: 'es2024', parser: { syntax: 'typescript' } }, module: { type: 'es6' } }],
  },
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '/\\.ebb/'],
  modulePathIgnorePatterns: ['/\\.ebb/'],
  globalSetup: './test/support/jest-start.ts',
  globalTeardown: './test/support/jest-stop.ts',
  testTimeout: 20_000,
}

export default config
