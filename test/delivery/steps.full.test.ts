import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { cp, mkdir, readdir, readFile, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals'
import { createStubs } from './stub-programs.ts'

const SCRIPTS = 'src/project/create/template/_ci'
const [FIRST, SECOND] = ['a', 'b'].map((digit) => `sha256:${digit.repeat(64)}`) as [string, string]

/** A registry, a cluster and a forge, as far as scripts see them: helm keeps the values of each revision. */
const PROGRAMS = {
  docker: `case "$*" in
    *bake*) printf '{"gateway":{"containerimage.digest":"%s"},"get-user":{"containerimage.digest":"%s"},"buildx.build.warnings":[]}' "$DIGEST" "$DIGEST" >bake.json ;;
    login*) cat >"$STATE/password" ;;
  esac`,
  helm: `cp "\${KUBECONFIG:-/dev/null}" "$STATE/kubeconfig"
  last=$(ls "$STATE" | sed -n 's/^revision-//p' | sort -n | tail -1); last=\${last:-0}
  case "$1" in
    upgrade) [ -z "\${HELM_FAILS:-}" ] || exit 1; cp images.json "$STATE/revision-$((last + 1))" ;;
    rollback) cp "$STATE/revision-$3" "$STATE/revision-$((last + 1))" ;;
    history) [[ "$*" != *json* ]] || echo "$HISTORY" ;;
  esac`,
  kubectl: `case "$*" in
    *port-forward*) echo $$ >"$STATE/forwarding"; echo 'Forwarding from 127.0.0.1:40123 -> 8081'; exec sleep 600 ;;
    *'get secret'*) printf 'a-key-of-an-operator' | base64 ;;
  esac`,
  cosign: '',
  git: '',
  npm: `[ "$1" != view ] || [ -n "\${IS_PUBLISHED:-}" ]`,
  npx: `case "$*" in
    'ebb build-client') mkdir -p dist/client; echo '{"name":"shop-client","version":"1.2.3"}' >dist/client/package.json ;;
    'ebb canary'*) exit "\${CANARY_FAILS:-0}" ;;
    'ebb checks'*) echo "$EBB_ADMIN_KEY" >"$STATE/admin-key"; exit "\${CHECKS_FAIL:-0}" ;;
  esac`,
}

let stubs: Awaited<ReturnType<typeof createStubs>>
beforeEach(async () => {
  stubs = await createStubs(PROGRAMS)
  await cp(SCRIPTS, join(stubs.checkout, '.ci'), { recursive: true })
  await mkdir(join(stubs.checkout, 'node_modules'))
})
afterEach(() => stubs.remove())

/** Runs a step as a forge does. */
async function run(step: string, env: Readonly<Record<string, string>> = {}) {
  const child = spawn('bash', [`.ci/${step.split(' ')[0]}`, ...step.split(' ').slice(1)], {
    cwd: stubs.checkout,
    env: { PATH: `${stubs.bin}:${process.env.PATH}`, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  const [out, err, [status]] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')])
  return { status, out, err }
}

const inCheckout = (file: string) => readFile(join(stubs.checkout, file), 'utf8')
const inState = (file: string) => readFile(join(stubs.state, file), 'utf8')
/** As helm tells it: the status of each revision, and its description where that matters. */
const historyOf = (revisions: readonly string[]) =>
  JSON.stringify(
    revisions.map((text, i) => {
      const [status, description = 'Upgrade complete'] = text.split(': ')
      return { revision: i + 1, status, description }
    }),
  )
const build = (digest = FIRST) => run('build', { EBB_REGISTRY: 'ghcr.io/team', REVISION: 'c0ffee', DIGEST: digest })

describe('check and contracts', () => {
  it('checks with what the lockfile says', async () => {
    expect(await run('check')).toMatchObject({ status: 0 })
    expect(await stubs.calls()).toEqual(['npm ci', 'npm run check'])
  })

  it('compares with the branch that a change goes into, and with nothing after its merge', async () => {
    expect(await run('contracts', { BASE_REF: 'main' })).toMatchObject({ status: 0 })
    expect(await stubs.calls()).toEqual(['git fetch --quiet origin main', 'npx ebb contracts diff FETCH_HEAD'])
    expect(await run('contracts', { BASE_REF: '' })).toMatchObject({
      status: 0,
      out: 'There is no branch to compare with.\n',
    })
  })
})

describe('build', () => {
  it('writes the digest of each image that was pushed, as values of the chart', async () => {
    expect(await build()).toMatchObject({ status: 0 })
    expect(JSON.parse(await inCheckout('images.json'))).toEqual({
      image: { registry: 'ghcr.io/team', tag: 'c0ffee', digest: { gateway: FIRST, 'get-user': FIRST } },
    })
    expect((await stubs.calls()).at(-1)).toBe('docker buildx bake --push --metadata-file bake.json')
  })

  it('logs in to the host of the registry, and hands the password over by no argument', async () => {
    const login = { REGISTRY_USER: 'ada', REGISTRY_PASSWORD: 'a-password-of-ada', DIGEST: FIRST }
    await run('build', { EBB_REGISTRY: 'ghcr.io/team', REVISION: 'c0ffee', ...login })
    expect(await stubs.calls()).toContain('docker login ghcr.io --username ada --password-stdin')
    expect(await inState('password')).toBe('a-password-of-ada\n')
    expect((await stubs.calls()).join('\n')).not.toContain('a-password-of-ada')
  })

  it('fails in one sentence without a registry', async () => {
    const { status, err } = await run('build', { REVISION: 'c0ffee' })
    expect([status, err]).toEqual([1, expect.stringContaining('EBB_REGISTRY: is where images are pushed to')])
  })

  it('fails where nothing was pushed', async () => {
    await writeFile(join(stubs.bin, 'docker'), '#!/usr/bin/env bash\necho {} >bake.json\n')
    expect(await build()).toMatchObject({ status: 1, err: expect.stringContaining('bake has pushed nothing') })
  })
})

describe('sign', () => {
  it('signs each image by its digest, and attests what it is made of', async () => {
    await build()
    expect(await run('sign')).toMatchObject({ status: 0 })
    const signed = (await stubs.calls()).filter((call) => call.startsWith('cosign'))
    expect(signed).toEqual(
      ['gateway', 'get-user'].flatMap((name) => [
        `cosign sign --yes ghcr.io/team/ebb/${name}@${FIRST}`,
        `cosign attest --yes --type cyclonedx --predicate sbom.cdx.json ghcr.io/team/ebb/${name}@${FIRST}`,
      ]),
    )
  })

  it('signs with a key of the cluster where it is told one', async () => {
    await build()
    await run('sign', { COSIGN_KEY: 'k8s://my-api/cosign' })
    expect(await stubs.calls()).toContain(
      `cosign sign --yes --key k8s://my-api/cosign ghcr.io/team/ebb/gateway@${FIRST}`,
    )
  })
})

describe('deploy and rollback', () => {
  it('deploys the very images that were built, wherever it is', async () => {
    await build()
    expect(await run('deploy staging', { NAMESPACE: 'shop' })).toMatchObject({ status: 0 })
    expect(await run('deploy production', { NAMESPACE: 'shop', RELEASE: 'api' })).toMatchObject({ status: 0 })
    expect((await stubs.calls()).filter((call) => call.startsWith('helm'))).toEqual([
      'helm upgrade --install ebb charts/ebb --namespace shop --values charts/environments/staging.yaml --values images.json --atomic --timeout 15m',
      'helm upgrade --install api charts/ebb --namespace shop --values charts/environments/production.yaml --values images.json --atomic --timeout 15m',
    ])
    expect(await inState('revision-1')).toBe(await inState('revision-2'))
  })

  it('fails where helm does', async () => {
    await build()
    expect((await run('deploy staging', { HELM_FAILS: 'yes' })).status).toBe(1)
  })

  it('goes back to the digests of the deployment before', async () => {
    await build(FIRST)
    await run('deploy production')
    await build(SECOND)
    await run('deploy production')
    expect(await inState('revision-2')).toContain(SECOND)
    expect(await run('rollback', { HISTORY: historyOf(['superseded', 'deployed']) })).toMatchObject({ status: 0 })
    const now = await inState('revision-3')
    expect([now.includes(FIRST), now.includes(SECOND)]).toEqual([true, false])
  })

  it.each<[string, readonly string[], number]>([
    ['the one before a deployment that has failed', ['superseded', 'failed', 'deployed'], 1],
    ['what runs, where the last deployment is pending', ['superseded', 'deployed', 'pending-upgrade'], 2],
    ['what runs, where the last deployment has failed', ['superseded', 'deployed', 'failed'], 2],
    [
      'the one before what helm itself went back to',
      ['superseded', 'superseded', 'failed', 'deployed: Rollback to 2'],
      1,
    ],
    ['one that is further back, once more', ['superseded', 'superseded', 'superseded', 'deployed: Rollback to 2'], 1],
    [
      'what came before it, and not to what came between',
      ['superseded', 'superseded', 'superseded: Rollback to 1', 'deployed'],
      3,
    ],
  ])('goes back to %s', async (_, revisions, expected) => {
    const history = { HISTORY: historyOf(revisions) }
    await run('rollback', history)
    expect(await stubs.calls()).toContain(`helm rollback ebb ${expected} --namespace default --wait --timeout 15m`)
  })

  it.each<[string, readonly string[]]>([
    ['the first deployment', ['deployed']],
    [
      'what was gone back to, twice',
      ['superseded', 'superseded', 'superseded: Rollback to 1', 'superseded', 'deployed: Rollback to 3'],
    ],
    ['what helm has forgotten', ['superseded', 'deployed: Rollback to 0']],
    ['what never came up', ['failed']],
  ])('says that nothing is left before %s, and changes nothing', async (_, revisions) => {
    const { status, err } = await run('rollback', { HISTORY: historyOf(revisions) })
    expect([status, err]).toEqual([1, expect.stringMatching(/^No revision came up before what runs.*\n$/)])
    expect((await stubs.calls()).filter((call) => call.startsWith('helm rollback'))).toEqual([])
  })

  it('goes back to the revision that is named', async () => {
    await run('rollback 4')
    expect(await stubs.calls()).toContain('helm rollback ebb 4 --namespace default --wait --timeout 15m')
  })
})

describe('the cluster', () => {
  const CLUSTER = { KUBE_SERVER: 'https://cluster.example:6443', KUBE_CA: 'a certificate', NAMESPACE: 'shop' }
  const user = async () => /token: "(.*)"/.exec(await inState('kubeconfig'))?.[1]

  it('knows the job by a token that the forge has issued for it', async () => {
    await build()
    await run('deploy staging', { ...CLUSTER, KUBE_TOKEN: 'issued-by-gitlab' })
    expect(await user()).toBe('issued-by-gitlab')
    expect(await inState('kubeconfig')).toContain(Buffer.from('a certificate').toString('base64'))
  })

  it('has GitHub issue one, for the audience of the cluster', async () => {
    const server = createServer(({ url, headers }, response) => {
      const isAsked = url === '/?id=7&audience=cluster' && headers.authorization === 'Bearer of-the-job'
      response.writeHead(isAsked ? 200 : 403).end(JSON.stringify({ value: 'issued-by-github' }))
    }).listen(0, '127.0.0.1')
    await once(server, 'listening')
    const forge = {
      ACTIONS_ID_TOKEN_REQUEST_URL: `http://127.0.0.1:${(server.address() as AddressInfo).port}/?id=7`,
      ACTIONS_ID_TOKEN_REQUEST_TOKEN: 'of-the-job',
    }
    await build()
    expect(await run('deploy staging', { ...CLUSTER, ...forge, KUBE_AUDIENCE: 'cluster' })).toMatchObject({ status: 0 })
    expect(await user()).toBe('issued-by-github')
    expect((await run('deploy staging', { ...CLUSTER, ...forge, KUBE_AUDIENCE: 'other' })).status).not.toBe(0)
    server.close()
  })

  it('is its own pod’s where no server is named', async () => {
    await build()
    await run('deploy staging')
    expect(await inState('kubeconfig')).toBe('')
  })
})

describe('verify', () => {
  it('asks the environment about contracts, settings, promises and checks, and leaves no connection open', async () => {
    expect(await run('verify staging', { NAMESPACE: 'shop' })).toMatchObject({ status: 0 })
    expect((await stubs.calls()).filter((call) => call.startsWith('npx'))).toEqual([
      'npx ebb check --env staging --admin http://localhost:40123',
      'npx ebb conformance --env staging --admin http://localhost:40123',
      'npx ebb checks run --admin http://localhost:40123',
    ])
    expect(await inState('admin-key')).toBe('a-key-of-an-operator\n')
    const forwarding = Number(await inState('forwarding'))
    expect(() => process.kill(forwarding, 0)).toThrow()
  })

  it('makes nothing in production', async () => {
    await run('verify production')
    expect(await stubs.calls()).toContain('npx ebb conformance --env production --only documents')
  })

  it('fails where a check does', async () => {
    expect((await run('verify staging', { CHECKS_FAIL: '1' })).status).toBe(1)
  })
})

describe('preview', () => {
  it('starts that of a change by the digests that were built, removes it, and all that are over', async () => {
    await build()
    expect(await run('preview up', { PREVIEW: 'pr-12' })).toMatchObject({ status: 0 })
    await run('preview up', { PREVIEW: 'pr-12', PREVIEW_ENV: 'preview', PREVIEW_TTL: '3d' })
    await run('preview down', { PREVIEW: 'pr-12' })
    await run('preview down --expired')
    expect((await stubs.calls()).filter((call) => call.startsWith('npx'))).toEqual([
      'npx ebb preview up pr-12 --values images.json',
      'npx ebb preview up pr-12 --values images.json --env preview --ttl 3d',
      'npx ebb preview down pr-12',
      'npx ebb preview down --expired',
    ])
  })
})

describe('canary', () => {
  const tried = async () => (await stubs.calls()).filter((call) => call.startsWith('npx'))

  it('tries the functions that are named, by the digest that is deployed afterwards', async () => {
    await build()
    expect(await run('canary', { CANARIES: 'get-order get-user', NAMESPACE: 'shop' })).toMatchObject({ status: 0 })
    expect(await tried()).toEqual([
      `npx ebb canary start get-user --image ghcr.io/team/ebb/get-user@${FIRST} --namespace shop --admin http://localhost:40123 --promote`,
    ])
  })

  it('fails where one is worse, so that nothing is deployed', async () => {
    await build()
    expect((await run('canary', { CANARIES: 'get-user', CANARY_FAILS: '1' })).status).toBe(1)
  })

  it('tries none where none is named', async () => {
    expect(await run('canary')).toMatchObject({ status: 0, out: 'CANARIES names no function.\n' })
  })
})

describe('publish-client', () => {
  it('publishes a version once', async () => {
    expect(await run('publish-client')).toMatchObject({ status: 0 })
    expect(await stubs.calls()).toContain('npm publish ./dist/client --access restricted')
    const published = (await stubs.calls()).length
    expect(await run('publish-client', { IS_PUBLISHED: 'yes' })).toMatchObject({
      out: 'shop-client@1.2.3 is there already.\n',
    })
    expect((await stubs.calls()).slice(published).join()).not.toContain('publish')
  })
})

it('has no script that nothing above has run', async () => {
  const ran = [
    'build',
    'canary',
    'check',
    'connect',
    'contracts',
    'deploy',
    'list-images',
    'open-admin',
    'preview',
    'publish-client',
    'rollback',
    'sbom',
    'sign',
    'verify',
  ]
  expect((await readdir(SCRIPTS)).sort()).toEqual(ran)
})

it('lists what the sources are made of', async () => {
  await run('sbom')
  expect(await stubs.calls()).toEqual(['npm sbom --package-lock-only --sbom-format cyclonedx --omit dev'])
})
