// The part of dynalite 4 the local machine uses; it brings no types of its own.

declare module "dynalite" {
  /** What dynalite reads of a request, nothing else. */
  export interface DynaliteRequest extends NodeJS.EventEmitter {
    method: string;
    url: string;
    headers: Record<string, string>;
  }
  /** What dynalite does with a response. */
  export interface DynaliteResponse {
    statusCode: number;
    setHeader(name: string, value: string | number): void;
    end(body?: string): void;
  }
  export interface DynaliteServer {
    emit(event: "request", request: DynaliteRequest, response: DynaliteResponse): boolean;
    listen(port: number, host: string, listening: () => void): void;
    address(): { port: number } | string | null;
    close(closed: (error?: Error | null) => void): void;
  }
  /** @param options.path where LevelDB keeps the tables; in memory without it */
  export default function dynalite(options: { path?: string; createTableMs?: number }): DynaliteServer;
}

declare module "dynalite/db/index.js" {
  const db: {
    create(options: { path?: string }): { db: { open(): Promise<void>; close(): Promise<void>; values(): object } };
  };
  export default db;
}
