// The plan of a function in the blueprint: its size, its time limit, and the only things it may touch.

/**
 * What a function may be linked to: a resource, and one way of using it.
 * `stacks/links.ts` says which IAM actions on what each of these is.
 */
export type Link =
  | "Media.get"
  | "Media.list"
  | "Media.put"
  | "Media.update"
  | "Media.due"
  | "Media.scan"
  | "Generation.start"
  | "Generation.describe"
  | "Bus.publish"
  | "MediaFiles.link"
  | "MediaFiles.linkSource"
  | "MediaFiles.serveSource"
  | "MediaFiles.keepSource"
  | "MediaFiles.keepVideo"
  | "MediaFiles.takeUpload"
  | "MediaFiles.readUpload"
  | "Sources.read"
  | "ApiKeys.add"
  | "ApiKeys.get"
  | "ApiKeys.list"
  | "ApiKeys.remove"
  | "ApiKeys.noteUse"
  | "Timings.add"
  | "Timings.list"
  | "MediaFiles.delete"
  | "WebhookSecret"
  | "CursorSecret"
  | "SealSecret"
  | "Webhooks.delete"
  | "FalKey"
  | "FalAdminKey"
  | "WorkflowAiKey";

export interface FunctionPlan {
  memoryMb: number;
  timeoutSeconds: number;
  links: readonly Link[];
  /** At most so many at once, where every call may spend money. */
  reserveConcurrency?: true;
  /** Packages with native code, installed beside the bundle. */
  install?: readonly string[];
  /** Files and directories of the project, laid beside the bundle. */
  copy?: readonly string[];
}

/** Lambda gives CPU by memory; below this a cold start takes longer than its cheaper second saves. */
export const SMALL_MB = 512;
/** The gateway waits 30 s: a function that ends before it says why in its log. */
export const API_SECONDS = 28;
/** Of most functions behind a route. */
export const API_SIZE = { memoryMb: SMALL_MB, timeoutSeconds: API_SECONDS };
