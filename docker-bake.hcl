# Rendered by `ebb render`. Do not edit.
# All images: docker buildx bake. One of them: docker buildx bake confirm-order. To a registry: REGISTRY=… TAG=… docker buildx bake --push

variable "REGISTRY" {
  default = "dev.local"
}

variable "TAG" {
  default = "dev"
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
      "confirm-order",
      "create-product",
      "create-user",
      "get-order",
      "get-product",
      "get-user",
      "list-products",
      "place-order",
      "send-welcome-email",
      "gateway",
      "relay",
      "migrate",
    ]
  }
  context    = "."
  dockerfile = "Dockerfile"
  args = {
    FUNCTION = image
    REVISION = REVISION
  }
  tags = ["${REGISTRY}/ebb/${image}:${TAG}"]
  attest = [
    "type=provenance,mode=max",
    "type=sbom",
  ]
}
