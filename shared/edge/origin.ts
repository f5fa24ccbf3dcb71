// Where the API was called: what the addresses that it gives out begin with, where PUBLIC_URL does not say.
import { setting } from "../environment.ts";
import type { HttpEvent } from "./http-event.ts";

/** @returns such as `https://api.example.com`, without a slash behind it */
export function originOf({ host, "x-forwarded-proto": protocol = "http" }: HttpEvent["headers"]): string {
  return setting("PUBLIC_URL") ?? new URL(`${protocol}://${host ?? "localhost"}`).origin;
}
