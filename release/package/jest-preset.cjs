// The tests of a project: `"jest": { "preset": "ebb" }` in its package.json. One Postgres for a run, migrated as the project's is.
const { existsSync } = require('node:fs')
const { join } = require('node:path')

const compiled = join(__dirname, 'dist/src/testing')
const [folder, extension] = existsSync(compiled) ? [compiled, 'js'] : [join(__dirname, 'src/testing'), 'ts']

module.exports = {
  extensionsToTreatAsEsm: ['.ts'],
  transform: {
    '\\.ts$': [
      require.resolve('@swc/jest'),
      {
        jsc: { target: 'es2024', parser: { syntax: 'typescript' }, experimental: { keepImportAttributes: true } },
        module: { type: 'es6' },
      },
    ],
  },
  testMatch: ['**/*.test.ts'],
  testPathIgnorePatterns: ['/node_modules/', '<rootDir>/\\.ebb/', '<rootDir>/ebb/'],
  modulePathIgnorePatterns: ['<rootDir>/\\.ebb/'],
  globalSetup: join(folder, `jest-setup.${extension}`),
  globalTeardown: join(folder, `jest-teardown.${extension}`),
  testTimeout: 60_000,
}
