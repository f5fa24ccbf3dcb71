// llms.txt: what a language model needs to know to use this API, in the form of llmstxt.org.
import { TOOLS } from "../../../shared/mcp/tools.ts";
import packageJson from "../../../package.json" with { type: "json" };
import { openApi } from "./openapi.ts";

export function llmsText(): string {
  const operations = Object.entries(openApi().paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { summary }]) => `- \`${method.toUpperCase()} ${path}\`: ${summary}`),
  );
  return `# Kling media backend

> Makes short videos from a picture and a few words, with Kling on fal.ai. A video costs $0.21 to several dollars, so every start is paid at most once: repeat a call that was not answered, never start anew. Version ${packageJson.version}.

Addresses here are relative to where this file lies. Callers send \`Authorization: Bearer <key>\` (\`km_...\`, or a token); on a local machine without sign-in it may be left out. A video takes one to five minutes: start it, then ask until it is completed, failed or canceled.

## For agents

\`POST /mcp\` is a Model Context Protocol server (Streamable HTTP, without sessions, answers in JSON). Give it the key as a header. Its tools:

${TOOLS.map(({ name, description }) => `- \`${name}\`: ${description}`).join("\n")}

## By HTTP, in three calls

\`\`\`bash
curl -s /api/media/enhance -H "authorization: Bearer $KEY" -H 'content-type: application/json' -H "idempotency-key: $(uuidgen)" -d '{
  "spaceId": "demo", "context": "The waves roll in", "mediaSpace": { "media": { "image": { "link": "https://example.com/photo.jpg" } } } }'
# 202 { "data": { "mediaSpace": { "id": "019b...", "spaceId": "demo", "media": { "phase": "queued", "version": 1, "estimatedCostUsd": 0.28 } } } }

curl -s '/api/spaces/demo/media/019b...?sinceVersion=1&waitSeconds=20' -H "authorization: Bearer $KEY"
# 200 as soon as it has changed, 204 when it has not; ask again until phase is completed, failed or canceled: then video.link, or error
\`\`\`

- Before the start: \`GET /api/models\` (what there is), \`GET /api/pricing\` (what it costs), \`GET /api/budget\` (what is left).
- With the same \`Idempotency-Key\` the same request starts nothing again, for 30 days.
- Errors are \`{ "error", "code", "details"?, "traceId" }\`: \`error\` says what to do, \`details\` where. 402 is over budget: do not try again, tell the person. 429 and 503 say in \`Retry-After\` when to come again.
- Clients of OpenAI's Videos API work with \`/v1\` as their base URL.

## More

- [The API for people](/docs)
- [OpenAPI 3.1](/openapi.json)
- [Client for browsers and Node](/client.js)

## All routes

${operations.join("\n")}
`;
}
