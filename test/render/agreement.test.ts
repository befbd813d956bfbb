import { describe, expect, it } from '@jest/globals'
import { parse, parseAllDocuments } from 'yaml'
import { render } from '../../src/deploy/render/index.ts'
import { fixture, getReport, makeReport, OPTIONS, SERVICES, USES } from './fixture.ts'

const files = render(fixture, { ...OPTIONS, uses: USES })
const NAMES = ['get-report', 'make-report', 'send-report', ...SERVICES]

// biome-ignore lint/suspicious/noExplicitAny: manifests are what their own tools say
type Any = any

const documentsOf = (name: string): Any[] => parseAllDocuments(files[name] ?? '').map((document) => document.toJS())
const manifests = Object.keys(files)
  .filter((name) => /^k8s\/.*\.yaml$/.test(name) && !/(kustomization|knative-references)\.yaml$/.test(name))
  .flatMap(documentsOf)
const podSpecs: Any[] = manifests.flatMap(({ spec }) => (spec?.template?.spec ? [spec.template.spec] : []))
const containers: Any[] = podSpecs.flatMap((spec) => spec.containers)
const stackFunctions: Record<string, Any> = parse(files['stack.yml'] ?? '').functions

describe('everything that a contract says about where it runs', () => {
  const [service, policy] = documentsOf('k8s/base/functions/make-report.yaml')
  const { metadata, spec } = service.spec.template
  const [container] = spec.containers

  it('arrives at Knative', () => {
    expect(metadata.annotations).toEqual({
      'autoscaling.knative.dev/min-scale': '1',
      'autoscaling.knative.dev/max-scale': '3',
      'autoscaling.knative.dev/target': '4',
      'autoscaling.knative.dev/target-utilization-percentage': '100',
    })
    expect(spec).toMatchObject({ containerConcurrency: 8, timeoutSeconds: 440, responseStartTimeoutSeconds: 440 })
    expect(container.resources).toEqual(makeReport.resources)
    const files = container.env.map(({ name, value }: Any) => [name, value])
    expect(files).toContainEqual(['PRINTER_KEY_FILE', '/var/run/secrets/ebb/PRINTER_KEY'])
    const [, teams] = spec.volumes[0].projected.sources
    expect(teams.secret).toMatchObject({ name: 'ebb-functions', items: [{ key: 'PRINTER_KEY' }, { key: 'PAPER_KEY' }] })
    const ports = makeReport.egress.map((one) => [{ protocol: 'TCP', port: Number(one.split(':')[1]) }])
    expect(policy.spec.egress.map((rule: Any) => rule.ports)).toEqual(ports)
  })

  it('arrives at the chart', () => {
    const { 'make-report': inChart, 'get-report': usual } = parse(files['charts/ebb/functions.yaml'] ?? '').functions
    const { scale, timeoutMs, resources, secrets, egress } = makeReport
    const said = { scale, timeoutMs, resources, secrets, egress, uses: USES['make-report'] }
    expect(inChart).toEqual({ kind: 'endpoint', timeoutSeconds: 440, ...said })
    expect(usual.scale).toEqual({ min: 0, max: 10, concurrency: 50 })
    expect(usual.timeoutSeconds).toBe(60)
  })

  it('arrives at OpenFaaS, as far as it is for it', () => {
    expect(Object.keys(stackFunctions)).toEqual(['get-report', 'send-report'])
    expect(stackFunctions['send-report']).toMatchObject({
      labels: { 'com.openfaas.scale.min': '2', 'com.openfaas.scale.max': '4' },
      secrets: expect.arrayContaining(['printer-key']),
      environment: { PRINTER_KEY_FILE: '/var/openfaas/secrets/printer-key', EBB_MAX_CONCURRENCY: '1' },
    })
  })
})

describe('what kubectl applies', () => {
  it('is named in a kustomization, each file once', () => {
    for (const folder of ['k8s/base', 'k8s/components/postgres', 'k8s/components/redis', 'k8s/components/console']) {
      const { resources, configurations = [] } = parse(files[`${folder}/kustomization.yaml`] ?? '')
      const there = Object.keys(files).filter(
        (name) => name.startsWith(`${folder}/`) && !name.endsWith('kustomization.yaml'),
      )
      const named = [...resources, ...configurations].map((name: string) => `${folder}/${name}`)
      expect(named.sort()).toEqual(there.sort())
    }
  })

  it('has no namespace, and no name twice', () => {
    const ids = manifests.map(({ kind, apiVersion, metadata }) => `${apiVersion} ${kind} ${metadata.name}`)
    expect(new Set(ids).size).toBe(ids.length)
    expect(manifests.filter(({ metadata }) => metadata.namespace !== undefined)).toEqual([])
  })

  it('has images that Skaffold and bake build, under the same names', () => {
    const images = containers.map(({ image }) => image).filter((image) => image.startsWith('dev.local/'))
    expect(images.sort()).toEqual(NAMES.map((name) => `dev.local/ebb/${name}:dev`).sort())
    const artifacts = parse(files['skaffold.yaml'] ?? '').build.artifacts.map(({ image }: Any) => image)
    expect(artifacts).toEqual(NAMES.map((name) => `dev.local/ebb/${name}`))
    const baked = [...(files['docker-bake.hcl'] ?? '').matchAll(/^ {6}"([\w-]+)",$/gm)].map(([, name]) => name)
    expect(baked).toEqual(NAMES)
  })

  it('is what Pod Security "restricted" allows, and more: no token, no root that can be written to', () => {
    for (const spec of podSpecs)
      expect(spec).toMatchObject({ automountServiceAccountToken: false, enableServiceLinks: false })
    for (const { securityContext } of containers) {
      expect(securityContext).toMatchObject({
        ...{ allowPrivilegeEscalation: false, capabilities: { drop: ['ALL'] }, runAsNonRoot: true },
        ...{ readOnlyRootFilesystem: true, seccompProfile: { type: 'RuntimeDefault' } },
      })
    }
    expect(containers.length).toBe(NAMES.length + 2)
  })

  it('limits memory and not CPU', () => {
    const limits = containers.map(({ resources }) => Object.keys(resources.limits))
    expect(new Set(limits.flat())).toEqual(new Set(['memory']))
  })

  it('sets each variable of a container once', () => {
    for (const { env = [] } of containers) {
      const names = env.map(({ name }: Any) => name)
      expect(new Set(names).size).toBe(names.length)
    }
  })

  it('has for each variable that names a file the file', () => {
    for (const { containers, volumes } of podSpecs) {
      const [{ projected = { sources: [] } }] = volumes
      const paths = projected.sources.flatMap(({ secret }: Any) => secret.items.map(({ path }: Any) => path))
      const named = (containers[0].env ?? []).filter(({ name }: Any) => name.endsWith('_FILE'))
      for (const { value } of named) expect(paths).toContain(value.replace('/var/run/secrets/ebb/', ''))
    }
  })

  it('gives a private key and a database role each to gateway and relay, and the owner of the database to the migration only', () => {
    const having = (key: string) =>
      manifests
        .filter((manifest) => JSON.stringify(manifest).includes(`"key":"${key}"`))
        .map(({ metadata }) => metadata.name)
    expect(having('EBB_IDENTITY_KEY')).toEqual(['gateway'])
    expect(having('RELAY_IDENTITY_KEY')).toEqual(['relay'])
    expect(having('EBB_KEY_PEPPER')).toEqual(['gateway'])
    expect(having('MIGRATION_DATABASE_URL')).toEqual(['migrate'])
    expect(having('GATEWAY_DATABASE_URL')).toEqual(['gateway'])
    expect(having('RELAY_DATABASE_URL')).toEqual(['relay'])
    expect(having('PAPER_KEY')).toEqual(['make-report'])
  })

  it('gives the address of each store to those who use it', () => {
    const having = (key: string) =>
      manifests
        .filter(({ kind, spec }) => kind === 'Service' && JSON.stringify(spec).includes(`"key":"${key}"`))
        .map(({ metadata }) => metadata.name)
    expect(having('DATABASE_URL')).toEqual(['make-report', 'send-report'])
    expect([having('REDIS_URL'), having('SMTP_URL')]).toEqual([[], []])
    const { patches } = parse(files['k8s/overlays/prod/kustomization.yaml'] ?? '')
    const patched = (key: string) =>
      patches.filter(({ patch }: Any) => patch.includes(`key: ${key}`)).map(({ target }: Any) => target.name)
    expect([patched('REDIS_URL'), patched('SMTP_URL')]).toEqual([['make-report', 'gateway'], ['send-report']])
    const mailing = patches
      .filter(({ patch }: Any) => patch.includes('port: 465'))
      .map(({ target }: Any) => target.name)
    expect(mailing).toEqual(['ebb-mail'])
    expect(manifests.find(({ metadata }) => metadata.name === 'ebb-mail').spec.podSelector.matchExpressions).toEqual([
      { key: 'app.kubernetes.io/name', operator: 'In', values: ['send-report'] },
    ])
    const secrets = Object.entries(stackFunctions).map(([name, one]) => [
      name,
      one.secrets,
      'REDIS_URL' in one.environment,
    ])
    expect(secrets).toEqual([
      ['get-report', ['ebb-identity-jwks'], false],
      ['send-report', ['ebb-identity-jwks', 'database-url', 'smtp-url', 'printer-key'], false],
    ])
  })

  it('asks each always-on part on a port that it has, and lets Prometheus scrape it', () => {
    for (const name of ['gateway', 'relay']) {
      const [deployment] = documentsOf(`k8s/base/${name}.yaml`)
      const [container] = deployment.spec.template.spec.containers
      const ports = container.ports.map((port: Any) => port.name)
      for (const probe of ['startupProbe', 'readinessProbe', 'livenessProbe']) {
        expect(ports).toContain(container[probe].httpGet.port)
      }
      const admin = container.ports.find((port: Any) => port.name === 'admin').containerPort
      const policy = documentsOf('k8s/base/network-policies.yaml').find((one) => one.metadata.name === `ebb-${name}`)
      const from = [{ namespaceSelector: { matchExpressions: [expect.objectContaining({ values: ['monitoring'] })] } }]
      expect(policy.spec.ingress).toContainEqual({ from, ports: [{ protocol: 'TCP', port: admin }] })
    }
  })

  it('has policies that select pods which are there', () => {
    const pods: Any[] = manifests.flatMap(({ spec }) => (spec?.template?.spec ? [spec.template.metadata.labels] : []))
    const policies = manifests.filter(({ kind }) => kind === 'NetworkPolicy')
    const selected = policies.map(({ metadata, spec }): [string, number] => {
      const wanted = Object.entries(spec.podSelector.matchLabels)
      return [metadata.name, pods.filter((labels) => wanted.every(([name, value]) => labels[name] === value)).length]
    })
    expect(Object.fromEntries(selected)).toEqual({
      ...{
        'ebb-default-deny': 9,
        'ebb-dns': 9,
        'ebb-console': 1,
        'ebb-gateway-admin': 1,
        'ebb-functions': 3,
        'ebb-mail': 3,
        'make-report-egress': 1,
      },
      ...{ 'ebb-gateway': 1, 'ebb-relay': 1, 'ebb-migrate': 1, 'ebb-postgres': 1, 'ebb-redis': 1 },
    })
  })
})

it('no file holds a secret', () => {
  expect(manifests.filter(({ kind }) => kind === 'Secret')).toEqual([])
  for (const text of Object.values(files)) expect(text).not.toMatch(/password: ?\S|"d":/)
})

it('parsers of YAML 1.1 read the same', () => {
  const named = { on: { ...getReport, name: 'on' } as const }
  const texts = Object.entries({ ...files, ...render(named, OPTIONS) })
  for (const [, text] of texts.filter(([name]) => /\.ya?ml$/.test(name))) {
    const read = (version: '1.1' | '1.2') => parseAllDocuments(text, { version }).map((document) => document.toJS())
    expect(read('1.1')).toEqual(read('1.2'))
  }
})

it('stack.yml has nothing that the Community Edition refuses or faas-cli does not know', () => {
  const known = ['image', 'skip_build', 'environment', 'secrets', 'labels', 'annotations', 'requests', 'limits']
  for (const one of Object.values(stackFunctions)) {
    expect([...known, 'readonly_root_filesystem']).toEqual(expect.arrayContaining(Object.keys(one)))
    expect(Object.keys(one.labels)).toEqual(['com.openfaas.scale.min', 'com.openfaas.scale.max'])
    const [min, max] = Object.values(one.labels).map(Number)
    expect([min! >= 1, max! <= 5, min! <= max!]).toEqual([true, true, true])
    expect(one.annotations).not.toHaveProperty('topic')
    for (const value of Object.values(one.environment)) expect(typeof value).toBe('string')
  }
})
