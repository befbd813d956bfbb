import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { AwsClient } from 'aws4fetch'
import { killOnExit } from '../../bench/measure/kill-on-exit.ts'
import { findFreePort } from '../../src/dev/ports.ts'
import { untilTrue } from '../support/until.ts'

interface SeaweedOptions {
  /** The program, `weed`. */
  readonly weed: string
  /** Of its own; what it logs is there. */
  readonly folder: string
  /** The text of its notification.toml. */
  readonly notification: string
}

const BUCKET = 'objects'
const KEYS = { accessKeyId: 'key', secretAccessKey: 'a+secret/key' }
const PARTS = ['master', 'volume', 'filer', 's3'] as const

/** Starts SeaweedFS with an empty bucket, which tells what `notification` says. */
export async function startSeaweed({ weed, folder, notification }: SeaweedOptions) {
  const data = join(folder, 'data')
  await mkdir(data, { recursive: true })
  const config = join(folder, 's3.json')
  const credentials = [{ accessKey: KEYS.accessKeyId, secretKey: KEYS.secretAccessKey }]
  await writeFile(config, JSON.stringify({ identities: [{ name: 'ebb', credentials, actions: ['Admin'] }] }))
  await writeFile(join(folder, 'notification.toml'), notification)
  const ports = await Promise.all(
    PARTS.map(async (part) => ({ part, port: await findFreePort(), grpc: await findFreePort() })),
  )
  const listen = ports.flatMap(({ part, port, grpc }) => [`-${part}.port=${port}`, `-${part}.port.grpc=${grpc}`])
  const limits = ['-volume.max=20', '-master.volumeSizeLimitMB=100']
  const child = spawn(
    weed,
    [`-logdir=${folder}`, 'server', `-dir=${data}`, '-ip=127.0.0.1', '-filer', '-s3', `-s3.config=${config}`].concat(
      listen,
      limits,
    ),
    { cwd: folder, stdio: 'ignore' },
  )
  const exited = once(child, 'exit')
  killOnExit(child)
  const host = `127.0.0.1:${ports.find(({ part }) => part === 's3')?.port}`
  const client = new AwsClient({ ...KEYS, service: 's3', region: 'us-east-1', retries: 0 })
  const makeBucket = () =>
    client.fetch(`http://${host}/${BUCKET}`, { method: 'PUT' }).then(
      ({ ok }) => ok,
      () => false,
    )
  await untilTrue(makeBucket, { limitMs: 120_000, what: 'a bucket of SeaweedFS' })
  return {
    url: `http://${KEYS.accessKeyId}:${encodeURIComponent(KEYS.secretAccessKey)}@${host}/${BUCKET}?region=us-east-1`,
    stop: async () => {
      child.kill()
      await exited
    },
  }
}
