import type { ResolvedDeployment } from '../../contract/index.ts'
import { HEADER, yamlFile } from './manifest.ts'
import { DEFAULT_TAG, imageOf } from './platform.ts'

/** docker-bake.hcl: builds all images at once, each with its SBOM and provenance. */
export function bake(
  deployedFunctions: readonly ResolvedDeployment[],
  { services }: { readonly services: readonly string[] },
): string {
  const names = [...deployedFunctions.map(({ name }) => name), ...services]
  return `${HEADER}
# All images: docker buildx bake. One of them: docker buildx bake ${names[0]}. To a registry: EBB_REGISTRY=… EBB_TAG=… docker buildx bake --push

variable "EBB_REGISTRY" {
  default = "dev.local"
}

variable "EBB_TAG" {
  default = "${DEFAULT_TAG}"
}

variable "REVISION" {
  default = "dev"
}

group "default" {
  targets = ["images"]
}

target "images" {
  name = image
  matrix = {
    image = [
${names.map((name) => `      "${name}",`).join('\n')}
    ]
  }
  context    = "."
  dockerfile = "Dockerfile"
  args = {
    FUNCTION = image
    REVISION = REVISION
  }
  tags = ["\${EBB_REGISTRY}/ebb/\${image}:\${EBB_TAG}"]
  attest = [
    "type=provenance,mode=max",
    "type=sbom",
  ]
}
`
}

interface SkaffoldOptions {
  readonly services: readonly string[]
}

/** skaffold.yaml, for `skaffold dev` on kind, and for `skaffold run -p prod --default-repo …` elsewhere. */
export function skaffold(deployedFunctions: readonly ResolvedDeployment[], { services }: SkaffoldOptions): string {
  const functions = deployedFunctions.map(({ name }) => name)
  const artifact = (name: string) => ({
    image: imageOf(name),
    context: '.',
    custom: {
      buildCommand: `docker build --build-arg FUNCTION=${name} ${BUILD_AND_PUSH}`,
      dependencies: { paths: [BUILT_FROM], ignore: [...NOT_BUILT, ...handlersOf(functions, name)] },
    },
  })
  const namespace = `\${SKAFFOLD_NAMESPACES:+--namespace "\${SKAFFOLD_NAMESPACES%%,*}"}`
  const kubectl = `kubectl --context "$SKAFFOLD_KUBE_CONTEXT" ${namespace}`
  const secrets = `${kubectl} get secret ebb >/dev/null 2>&1 || npx ebb render secrets | ${kubectl} create -f -`
  // A Job is immutable, so it is deleted first; a migration can be repeated.
  const again = `${kubectl} delete job migrate --ignore-not-found`
  const host = (command: string) => ({ host: { command: ['sh', '-c', command], os: ['linux', 'darwin'] } })
  const config = {
    apiVersion: 'skaffold/v4beta14',
    kind: 'Config',
    metadata: { name: 'ebb' },
    build: {
      // A tag by content: Knative makes a new revision for each new tag, and none for an old one.
      tagPolicy: { inputDigest: {} },
      local: { push: false },
      artifacts: [...functions, ...services].map(artifact),
    },
    profiles: [
      {
        name: 'kind',
        // A pattern matches anywhere in a context's name, so it is anchored: no other cluster must match it.
        activation: [{ kubeContext: '^kind-' }],
        manifests: { kustomize: { paths: ['k8s/overlays/kind'] } },
        deploy: { kubectl: { hooks: { before: [host(secrets), host(again)] } } },
        portForward: [
          { resourceType: 'service', resourceName: 'gateway', port: 80, localPort: 8080 },
          { resourceType: 'deployment', resourceName: 'gateway', port: 8081, localPort: 8081 },
        ],
      },
      {
        name: 'prod',
        build: { local: { push: true } },
        manifests: { kustomize: { paths: ['k8s/overlays/prod'] } },
        deploy: { kubectl: { hooks: { before: [host(again)] } } },
      },
    ],
  }
  return yamlFile([config], { about: SKAFFOLD_ABOUT })
}

/** As a builder of Skaffold's own does, which takes whatever the Dockerfile copies for what an image is made of, and so each save for all images. */
const BUILD_AND_PUSH = `\${PLATFORMS:+--platform "$PLATFORMS"} --tag "$IMAGE" . && if [ "$PUSH_IMAGE" = true ]; then docker push "$IMAGE"; fi`

/** What is there of it: a pattern that matches nothing is an error. */
const BUILT_FROM =
  '{Dockerfile,.dockerignore,package.json,package-lock.json,.npmrc,tsconfig.json,src,services,domain,functions}'
const NOT_BUILT = ['**/*.test.ts', '**/__snapshots__', '**/test-support*']

/** The handlers of all others: a function may import their contracts only. */
function handlersOf(functions: readonly string[], name: string): readonly string[] {
  const others = functions.filter((other) => other !== name)
  return others.length > 0 ? [`functions/{${others.join(',')}}/{handler,index}.ts`] : []
}

const SKAFFOLD_ABOUT = `\`skaffold dev\` on kind with Knative in it. \`skaffold run -p prod --default-repo REGISTRY\` elsewhere.
Nothing is synced into pods: what runs there is a bundle with its code cache, on a read-only root file system
without tar. A save of a handler builds the image of its function, and a save of what functions share all of them; while you
write, \`npm start\` runs the same bundles.`
