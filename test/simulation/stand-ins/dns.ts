// The resolver under the checked door.
import { theWorld } from "../link.ts";

export const lookup = (hostname: string) => theWorld().web.lookup(hostname);
