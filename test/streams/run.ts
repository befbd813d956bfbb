import { parseArgs } from 'node:util'
import { measureDownload, measureUpload, type Transfer } from './transfer.ts'

/** What each process may grow by. */
const MAX_MIB = 64

const { values } = parseArgs({ options: { gigabytes: { type: 'string', default: '2' } } })
const bytes = Math.round(Number(values.gigabytes) * 2 ** 30)

for (const [what, measure] of [
  ['upload', measureUpload],
  ['download', measureDownload],
] as const) {
  const transfer = await measure(bytes)
  print(what, transfer)
  const { gatewayMiB, functionMiB } = transfer
  if (transfer.bytes !== bytes || gatewayMiB > MAX_MIB || functionMiB > MAX_MIB) process.exitCode = 1
}

function print(what: string, { bytes: arrived, seconds, gatewayMiB, functionMiB }: Transfer) {
  const mib = arrived / 2 ** 20
  console.log(
    `${what}: ${mib.toFixed(0)} MiB in ${seconds.toFixed(1)} s (${(mib / seconds).toFixed(0)} MiB/s); ` +
      `RSS grew by ${gatewayMiB.toFixed(1)} MiB (gateway) and ${functionMiB.toFixed(1)} MiB (function), at most ${MAX_MIB} each`,
  )
}
