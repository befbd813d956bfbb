#!/usr/bin/env node
// In words that any Node understands, so that an old one says what it needs instead of failing at a word.
var major = Number(process.versions.node.split('.')[0])
if (major < 20) {
  process.stderr.write(
    'create-ebb: this is Node ' + process.version + '; Ebb is installed by Node 20 or later: https://nodejs.org\n',
  )
  process.exitCode = 1
} else {
  require('./main.cjs')
}
