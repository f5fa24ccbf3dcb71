// The address at which the API was called: the start of the addresses that it gives out, where PUBLIC_URL is unset.
import { setting } from "../environment.ts";
import type { HttpEvent } from "./http-event.ts";

/** @returns such as `https://api.example.com`, without a slash behind it */
export function originOf({ host, "x-forwarded-proto": protocol = "http" }: HttpEvent["headers"]): string {
  return setting("PUBLIC_URL") ?? new URL(`${protocol}://${host ?? "localhost"}`).origin;
}
