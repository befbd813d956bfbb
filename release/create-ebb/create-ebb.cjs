#!/usr/bin/env node
// In words that an old Node understands, too, so that it says what it needs instead of failing at a word.
const [major] = process.versions.node.split('.')
if (Number(major) < 20) {
  process.stderr.write(
    `create-ebb: this is Node ${major}, and Ebb is installed by Node 20 or later: https://nodejs.org\n`,
  )
  process.exitCode = 1
} else {
  require('./main.cjs')
}
