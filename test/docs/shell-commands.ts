/**
 * Commands of the pages that need what no test machine has to have, such as a registry or a cluster, and the test that runs
 * what they say. Those of helm and kubectl are run or checked by shell-commands.test.ts.
 */
export const ELSEWHERE: Readonly<Record<string, string>> = {
  'npm ci && npm start': 'test/e2e/laptop.test.ts',
  'npm ci && npm test': 'test/e2e/readme.full.test.ts',
  'npm start': 'test/docs/guide.full.test.ts',
  'DATABASE_URL=postgres://ebb:secret@primary:5432/ebb DATABASE_READ_URL=postgres://ebb:secret@replica:5432/ebb npm start':
    'test/replica/run.ts',
  'npm ci': 'test/e2e/package.full.test.ts',
  'npm run check': 'test/e2e/package.full.test.ts',
  'npx ebb contracts diff origin/main': 'src/commands/contracts.full.test.ts',
  'npx ebb mock --port 4010 --fail 503:0.2 --latency 50-500': 'src/dev/mock/start-mock.test.ts',
  'npx ebb check --env staging --admin http://localhost:8081': 'src/commands/check/compare-settings.test.ts',
  'npx ebb canary start create-note --image registry.example.com/ebb/create-note:2 --promote':
    'test/cluster/checks/canary.ts',
  'npx ebb canary start list-notes --image registry.example.com/ebb/list-notes:2 --shadow --may-differ items.*.score':
    'services/gateway/canaries.full.test.ts',
  'npx ebb canary promote create-note': 'test/cluster/checks/canary.ts',
  'npx ebb canary abort create-note': 'test/cluster/checks/canary.ts',
  'npx ebb preview up pr-12 --values images.json --ttl 3d': 'test/cluster/checks/preview.ts',
  'npx ebb preview list': 'test/cluster/checks/preview.ts',
  'npx ebb preview down pr-12': 'test/cluster/checks/preview.ts',
  'npx ebb preview down --expired': 'test/cluster/checks/preview.ts',
  'npx ebb preview up seed --values images.json --ttl 20d': 'src/commands/preview/preview-database.full.test.ts',
  'npx ebb preview up pr-12 --values images.json --template preview_seed':
    'src/commands/preview/preview-database.full.test.ts',
  'npx ebb preview up pr-12 --values images.json --values preview.yaml --secret staging/sandbox-keys':
    'test/cluster/checks/preview.ts',
  'npm run pack': 'release/pack.full.test.ts',
  'npx ebb create ../my-api --ebb dist/ebb-0.3.0.tgz': 'test/e2e/package.full.test.ts',
  'npx ebb upgrade': 'src/project/upgrade/upgrade.full.test.ts',
  'npx ebb own': 'src/project/own/own.full.test.ts',
  'npx ebb own --back': 'src/project/own/own.full.test.ts',
  'git diff': 'src/project/upgrade/upgrade.full.test.ts',
  'npm test': 'test/e2e/package.full.test.ts',
  'git add --all && git commit --message "Upgrade Ebb"': 'src/project/upgrade/upgrade.full.test.ts',
  'docker build --build-arg FUNCTION=create-note --tag registry.example.com/ebb/create-note:1 .':
    'test/e2e/image.full.test.ts',
  'EBB_REGISTRY=registry.example.com EBB_TAG=1 docker buildx bake --push': 'test/render/agreement.test.ts',
  'skaffold dev --profile kind': 'test/render/skaffold-schema.test.ts',
  'skaffold run --profile prod --default-repo registry.example.com': 'test/render/skaffold-schema.test.ts',
  'export EBB_REGISTRY=registry.example.com EBB_TAG=1': 'test/render/agreement.test.ts',
  'docker buildx bake --push': 'test/render/agreement.test.ts',
  'faas-cli secret create ebb-identity-jwks --from-file=public.jwks': 'test/render/agreement.test.ts',
  'faas-cli secret create database-url --from-file=database-url': 'test/render/agreement.test.ts',
  'faas-cli deploy -f stack.yml': 'test/render/agreement.test.ts',
  'sam deploy --template-file targets/sam/template.yaml --stack-name ebb --capabilities CAPABILITY_IAM --parameter-overrides Registry=123456789012.dkr.ecr.eu-central-1.amazonaws.com Tag=1':
    'test/render/targets-linted.full.test.ts',
  'sam deploy --template-file targets/sam/template.yaml --stack-name ebb --capabilities CAPABILITY_IAM --parameter-overrides Registry=123456789012.dkr.ecr.eu-central-1.amazonaws.com Tag=1 \'Issuers=[{"issuer":"https://login.example.com","audience":"https://api.example.com","algorithms":["ES256"]}]\'':
    'test/render/targets-linted.full.test.ts',
  'envsubst < targets/cloud-run/gateway.yaml | gcloud run services replace - --region "$REGION"':
    'test/render/targets.test.ts',
  'az deployment group create --resource-group ebb --template-file targets/container-apps/template.json --parameters @parameters.json':
    'test/render/targets.test.ts',
  'OTEL_EXPORTER_OTLP_ENDPOINT=http://localhost:4318 npm start': 'test/telemetry/collector.full.test.ts',
  'EBB_ADMIN_KEY=… npx ebb explain 4c25fd5f-ac33-4218-9756-32a5617c7c5e --admin http://localhost:8081':
    'services/gateway/admin/traces.test.ts',
  'npx ebb logs --stdin --level warn < lines.txt': 'test/cluster/checks/commands.ts',
  'EBB_ADMIN_KEY=… npx ebb top --admin http://localhost:8081': 'test/cluster/checks/commands.ts',
  'EBB_ADMIN_KEY=… npx ebb cost --last 24h --admin http://localhost:8081': 'test/cluster/checks/commands.ts',
  'psql "$DATABASE_URL" --command \'create table events (id bigint generated always as identity, type text, data jsonb)\'':
    'test/leaving/express.test.ts',
  'npm install kysely': 'src/data/sql-tools.full.test.ts',
  'npm install drizzle-orm': 'src/data/sql-tools.full.test.ts',
  'npm install ./ebb express pg zod': 'test/leaving/express.test.ts',
  'PORT=8080 node app.js': 'test/leaving/express.test.ts',
  'curl --fail --request POST --header "Authorization: Bearer $EBB_ADMIN_KEY" http://localhost:8081/v1/issuers/refresh':
    'services/gateway/admin/issuers.test.ts',
  'curl --request POST --header "Authorization: Bearer $EBB_ADMIN_KEY" http://localhost:8081/v1/breakers/create-note/reset':
    'services/gateway/upstreams.test.ts',
}
