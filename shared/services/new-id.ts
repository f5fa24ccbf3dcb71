// Ids whose text sorts by time.
import { v7 } from "uuid";

export const newId = (msecs: number): string => v7({ msecs });
