import type { Placement } from '../../contract/index.ts'
import { HEADER } from './manifest.ts'
import { USUAL_TAG } from './platform.ts'

/** All images at once, by `docker buildx bake`, each with its SBOM and provenance. */
export function bake(placements: readonly Placement[], { services }: { readonly services: readonly string[] }): string {
  const names = [...placements.map(({ name }) => name), ...services]
  return `${HEADER}
# All images: docker buildx bake. One of them: docker buildx bake ${names[0]}. To a registry: EBB_REGISTRY=… EBB_TAG=… docker buildx bake --push

variable "EBB_REGISTRY" {
  default = "dev.local"
}

variable "EBB_TAG" {
  default = "${USUAL_TAG}"
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
