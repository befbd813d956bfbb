import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { expect, it } from '@jest/globals'
import {
  CHART,
  describeChart,
  FUNCTIONS,
  KNATIVE,
  lint,
  ofKind,
  parseYaml,
  refusal,
  renderChart,
  type Values,
} from './helm.ts'
import { componentOf, podsOf, settingsOf } from './pods.ts'

const small = parseYaml(readFileSync(join(CHART, 'values-small.yaml'), 'utf8')) as Values

describeChart('helm lint --strict', () => {
  const external = {
    postgres: {
      ...{ mode: 'external', owner: { existingSecret: 'a' }, app: { existingSecret: 'b' } },
      external: { egress: ['10.0.0.1:5432'] },
    },
    redis: { mode: 'external', existingSecret: 'c', external: { egress: ['10.0.0.2:6379'] } },
    mail: { existingSecret: 'd', egress: ['smtp.example.com:465'] },
  }
  it.each<[string, Values]>([
    ['as it comes', {}],
    ['small', small],
    ['Knative', { engine: 'knative' }],
    ['KEDA', { engine: 'keda' }],
    ['small and Knative', { ...small, engine: 'knative' }],
    ['CloudNativePG', { postgres: { mode: 'cnpg', pooler: 'cnpg' } }],
    ['external stores', external],
    ['no Redis', { redis: { mode: 'none' } }],
    ['a pooler', { postgres: { pooler: 'external', poolerAddress: 'pgbouncer:6432' } }],
    ['backups', { postgres: { bundled: { backup: { enabled: true } } } }],
    [
      'routes',
      {
        gateway: {
          httpRoute: { enabled: true, parentRefs: [{ name: 'edge' }] },
          ingress: { enabled: true, hosts: ['a.example'] },
        },
      },
    ],
    ['a collector', { telemetry: { otlpEndpoint: 'http://collector:4318' } }],
    ['no policies, no autoscaler', { networkPolicy: { enabled: false }, gateway: { autoscaling: { enabled: false } } }],
  ])('finds nothing: %s', async (_mode, values) => {
    const { code, stdout, stderr } = await lint(values)
    expect([code, `${stdout}${stderr}`]).toEqual([0, expect.stringContaining('0 chart(s) failed')])
    expect(stdout).not.toMatch(/\[(WARNING|ERROR)\]/)
  })
})

describeChart('the connections to Postgres', () => {
  const functions = { a: { scale: { max: 10 } }, b: { scale: { max: 5 } }, c: { scale: { max: 99 }, uses: ['redis'] } }
  const sized = (maxConnections: number, more: Values = {}) => ({
    allFunctions: { poolMax: 4 },
    gateway: { poolMax: 5, autoscaling: { maxReplicas: 3 } },
    relay: { poolMax: 2, replicas: 2 },
    postgres: { maxConnections, reservedConnections: 10, ...more },
  })
  // (15 instances x 4 + 3 gateways x 6 + 2 relays x 3), twice, and 1 + 10
  const NEEDED = 179

  it('suffice, or the chart says by how many they do not', async () => {
    await renderChart(sized(NEEDED), { functions })
    const message = await refusal(sized(NEEDED - 9), { functions })
    expect(message).toContain('postgres.maxConnections: 170 are 9 too few')
    expect(message).toContain(
      '2 functions of together 15 instances may hold 60 connections, 3 gateways 18 and 2 relays 6',
    )
    expect(message).toContain('are 179. Raise it, lower scale.max or poolMax, or put a pooler between')
  })

  it('are those of the pooler, where there is one, and of those who listen', async () => {
    // 30 of the pooler, (3 gateways + 2 relays) twice, and 1 + 10
    const pooler = { pooler: 'external', poolerAddress: 'pgbouncer:6432', poolerSize: 30 }
    await renderChart(sized(51, pooler), { functions })
    expect(await refusal(sized(50, pooler), { functions })).toContain('50 are 1 too few. The pooler may hold 30')
  })

  it('are what the bundled Postgres is started with', async () => {
    const manifests = await renderChart({
      postgres: { maxConnections: 600, bundled: { parameters: { work_mem: '8MB' } } },
    })
    expect(podsOf(ofKind(manifests, 'StatefulSet'))[0]?.spec.containers[0]).toMatchObject({
      args: [
        ...['postgres', '-c', 'max_connections=600', '-c', 'max_slot_wal_keep_size=2GB'],
        ...['-c', 'wal_level=logical', '-c', 'work_mem=8MB'],
      ],
    })
  })
})

describeChart('the small profile', () => {
  it('leaves a node of two cores 0.8 of them, also while everything of nine functions rolls', async () => {
    const functions = Object.fromEntries(
      ['a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i'].map((name) => [name, FUNCTIONS['place-order'] ?? {}]),
    )
    const pods = podsOf(await renderChart(small, { functions, apis: [KNATIVE] }))
    const milli = (cpu = '') => (cpu.endsWith('m') ? Number.parseInt(cpu, 10) : Number(cpu) * 1_000)
    const asked = (of: string) =>
      pods
        .filter((pod) => of === pod.of.split(' ')[0])
        .map(
          ({ spec, annotations }) =>
            milli(spec.containers[0]?.resources?.requests?.cpu) +
            milli(annotations['queue.sidecar.serving.knative.dev/cpu-resource-request'] ?? '0m'),
        )
    const sum = (list: readonly number[]) => list.reduce((total, one) => total + one, 0)
    // Gateway and relay are two and one more while they roll; a new revision of a function starts one beside the old.
    const deployments = sum(asked('Deployment')) * 3
    expect(deployments + sum(asked('Service')) * 2 + sum(asked('StatefulSet')) + sum(asked('Job'))).toBeLessThan(1_200)
  })
})

describeChart('what a function reserves', () => {
  it('is told to it where its contract says otherwise, since its seconds are priced by that', async () => {
    const values = { allFunctions: { resources: { requests: { cpu: '10m' } } } }
    const toldBy = async (given: Values) => {
      const pods = podsOf(await renderChart(given)).filter((pod) => componentOf(pod) === 'function')
      const settings = pods.flatMap(({ spec }) => spec.containers.map((container) => settingsOf(container).plain))
      return [...new Set(settings.map((plain) => `${plain.EBB_RESERVED_CPU} ${plain.EBB_RESERVED_MEMORY}`))]
    }
    expect(await toldBy({})).toEqual(['undefined undefined'])
    expect(await toldBy(values)).toEqual(['10m 96Mi'])
  })
})
