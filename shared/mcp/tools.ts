// All tools, in the order in which they are used.
import { cancelVideo, getVideo, listVideos, waitForVideo } from "./follow.ts";
import { listModels, quoteVideo, startVideo } from "./start.ts";
import type { Tool } from "./tool.ts";

export const TOOLS: readonly Tool[] = [
  listModels,
  quoteVideo,
  startVideo,
  waitForVideo,
  getVideo,
  listVideos,
  cancelVideo,
];
