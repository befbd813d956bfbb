# Rendered by `ebb render`. Do not edit.
# All images: docker buildx bake. One of them: docker buildx bake cancel-order. To a registry: EBB_REGISTRY=… EBB_TAG=… docker buildx bake --push

variable "EBB_REGISTRY" {
  default = "dev.local"
}

variable "EBB_TAG" {
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
      "cancel-order",
      "complete-upload",
      "confirm-order",
      "create-product",
      "create-upload",
      "create-user",
      "get-order",
      "get-product",
      "get-readings",
      "get-user",
      "graphql",
      "ingest-readings",
      "list-orders",
      "list-products",
      "make-thumbnail",
      "place-order",
      "price-order",
      "receive-github-webhook",
      "receive-stripe-webhook",
      "report-low-stock",
      "send-cancellation-email",
      "send-welcome-email",
      "summarise-readings",
      "gateway",
      "relay",
      "console",
      "migrate",
    ]
  }
  context    = "."
  dockerfile = "Dockerfile"
  args = {
    FUNCTION = image
    REVISION = REVISION
  }
  tags = ["${EBB_REGISTRY}/ebb/${image}:${EBB_TAG}"]
  attest = [
    "type=provenance,mode=max",
    "type=sbom",
  ]
}
