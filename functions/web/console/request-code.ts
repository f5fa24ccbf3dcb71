// The request that made a video, as code for a terminal and for a program: to be run again, or changed.
import type { EnhanceRequest, MediaSpace } from "../../../shared/client/contract.ts";

/** The body of the request; undefined where the picture's own link is not known any more. */
export function requestBody({ spaceId, baseMediaId, media }: MediaSpace): EnhanceRequest | undefined {
  const link = media.image?.originalLink ?? media.image?.link;
  if (link === undefined) return undefined;
  const { name, context, model, generationMode, duration, audio, shots } = media;
  const { aspectRatio, negativePrompt, cfgScale, tailImageUrl } = media;
  const optional = { audio, shots, aspectRatio, negativePrompt, cfgScale, tailImageUrl };
  return {
    spaceId,
    type: "video",
    context,
    mediaSpace: { ...(baseMediaId !== undefined && { id: baseMediaId }), media: { name, image: { link } } },
    model,
    ...(generationMode && { mode: generationMode }),
    duration,
    ...Object.fromEntries(Object.entries(optional).filter(([, value]) => value !== undefined && value !== false)),
  };
}

interface Where {
  origin: string;
  /** Whether callers have to prove who they are. */
  hasToken: boolean;
}

export function asCurl(body: EnhanceRequest, { origin, hasToken }: Where): string {
  // In single quotes a shell leaves everything as it is but the quote itself.
  const json = JSON.stringify(body, null, 2).replaceAll("'", String.raw`'\''`);
  return [
    `curl ${origin}/api/media/enhance \\`,
    ...(hasToken ? ['  -H "authorization: Bearer $TOKEN" \\'] : []),
    "  -H 'content-type: application/json' \\",
    '  -H "idempotency-key: $(uuidgen)" \\',
    `  -d '${json}'`,
  ].join("\n");
}

export function asTypeScript(body: EnhanceRequest, { origin, hasToken }: Where): string {
  const connection = hasToken
    ? `{ baseUrl: ${JSON.stringify(origin)}, token: process.env.TOKEN }`
    : `{ baseUrl: ${JSON.stringify(origin)} }`;
  return `// npm run client, then npm install the directory that it names
import { enhanceMedia, watchGeneration } from "kling-media-client";

const connection = ${connection};
const { mediaSpace } = await enhanceMedia(
  ${JSON.stringify(body, null, 2).replaceAll("\n", "\n  ")},
  connection,
);
const { media } = await watchGeneration(mediaSpace, connection);
console.log(media.video?.link ?? media.error);
`;
}
